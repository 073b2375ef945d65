/** `anyport doctor`: everything a task needs, each ok or with what to do. Costs nothing and changes nothing. */
import { Command } from 'commander';
import { resolve } from 'node:path';
import type { AnyportConfig } from './anyport-config.ts';
import type { SharedFlags } from './command-options.ts';
import { configOption, dataOption, sandboxOption } from './command-options.ts';
import { loadConfig } from './config.ts';
import { messageOf } from './describe-problem.ts';
import { readDevRecord } from './dev/dev-record.ts';
import { checkEmulatedClouds, checkEndpoints } from './doctor/check-endpoints.ts';
import { checkDisk } from './doctor/check-disk.ts';
import { checkGit, checkNode, checkSandbox, checkStore } from './doctor/check-host.ts';
import { checkTools } from './doctor/check-tools.ts';
import { checkNetwork } from './doctor/check-network.ts';
import { checkTemporal } from './doctor/check-temporal.ts';
import type { Check } from './doctor/check.ts';

interface DoctorFlags extends SharedFlags {
  readonly json?: true;
}

const flags = new Command('anyport doctor')
  .description('Checks everything a task needs.')
  .addOption(configOption())
  .addOption(dataOption())
  .addOption(sandboxOption())
  .option('--json', 'one JSON object per line')
  .parse()
  .opts<DoctorFlags>();

const checks = await examine();
for (const check of checks) console.log(flags.json === true ? JSON.stringify(check) : describe(check));
const count = (wanted: Check['state']): number => checks.filter(({ state }) => state === wanted).length;
const problems = count('problem');
if (flags.json !== true) console.log(`\n${sumUp(problems, count('note'))}`);
// The native client of Temporal may hold the process open after its connection was closed.
process.exit(problems === 0 ? 0 : 1);

async function examine(): Promise<readonly Check[]> {
  const dataDirectory = resolve(flags.data);
  const stack = readDevRecord(dataDirectory);
  const config = readConfig();
  const policy = flags.sandbox ?? ('endpoints' in config ? config.sandbox : 'required');
  const groups = await Promise.all([
    checkGit(),
    checkTemporal(process.env, stack),
    checkStore(dataDirectory),
    checkDisk(dataDirectory),
    checkSandbox(policy),
    'endpoints' in config ? checkNetwork(config, policy) : [],
    'endpoints' in config ? examineEndpoints(config) : [],
    'endpoints' in config ? checkTools(config, process.env) : [],
  ]);
  return [checkNode(), 'endpoints' in config ? configFound(config) : config, ...groups.flat()];

  function examineEndpoints(found: AnyportConfig): Promise<readonly Check[]> {
    return found.endpoints.length === 0 ? checkEmulatedClouds(stack) : checkEndpoints(found, process.env);
  }
}

function readConfig(): AnyportConfig | Check {
  try {
    return loadConfig({ file: flags.config, environment: process.env, workingDirectory: process.cwd() });
  } catch (error) {
    return {
      check: 'configuration',
      state: 'problem',
      detail: messageOf(error),
      remedy: 'correct the configuration and try again',
    };
  }
}

function configFound({ endpoints, source }: AnyportConfig): Check {
  return {
    check: 'configuration',
    state: 'ok',
    detail: `${source}, ${endpoints.length} ${endpoints.length === 1 ? 'endpoint' : 'endpoints'}`,
  };
}

function sumUp(wrong: number, notes: number): string {
  if (wrong > 0) return `${wrong} of ${checks.length} checks found something wrong.`;
  return notes === 0
    ? 'All is well.'
    : `Nothing is wrong; ${notes === 1 ? 'one check has a note' : `${notes} checks have notes`}.`;
}

function describe({ check, state, detail, remedy }: Check): string {
  const mark = { ok: 'ok     ', note: 'note   ', problem: 'PROBLEM' }[state];
  return `${mark}  ${check}: ${detail}${remedy === undefined ? '' : `\n         -> ${remedy}`}`;
}
