/** What commands in the sandbox may reach, and whether the way there opens here. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SandboxPolicy } from '../../activities/sandbox/choose-sandbox.ts';
import { createEgress } from '../../activities/sandbox/egress.ts';
import { describeRule } from '../../activities/sandbox/egress-rules.ts';
import type { CommandResult } from '../../activities/sandbox/sandbox.ts';
import { createTaskSandboxes } from '../../activities/sandbox/task-sandboxes.ts';
import type { AnyportConfig } from '../anyport-config.ts';
import { messageOf } from '../describe-problem.ts';
import type { Check } from './check.ts';

/** Node starts in 50 ms; this is for a machine that is starting up. */
const PROBE_TIMEOUT_MS = 10_000;
const MOST_NAMED = 10;

export async function checkNetwork(config: AnyportConfig, policy: SandboxPolicy): Promise<Check> {
  const { network } = config;
  if (policy === 'none') return unconfined(network.length);
  if (network.length === 0)
    return { check: 'network', state: 'ok', detail: 'off: commands reach no host (network.allow names none)' };
  const count = `${network.length} ${network.length === 1 ? 'host' : 'hosts'} allowed: ${listed(network.map(describeRule))}`;
  const problem = await tryWayOut(config);
  if (problem === undefined) return { check: 'network', state: 'ok', detail: count };
  const remedy =
    'see that the sandbox works (above) and that its limits leave room for Node, or take network.allow out of anyport.yaml';
  return { check: 'network', state: 'problem', detail: `${count}; but the way out does not open: ${problem}`, remedy };
}

function unconfined(hosts: number): Check {
  const without = hosts === 0 ? '' : '; network.allow has no effect';
  return {
    check: 'network',
    state: 'note',
    detail: `not confined: commands reach whatever this host does (sandbox: none)${without}`,
  };
}

function listed(names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return `${names.slice(0, MOST_NAMED).join(', ')}${more}`;
}

/** Runs a command as a task would, without calling any host. @returns what went wrong */
async function tryWayOut({ commands, network }: AnyportConfig): Promise<string | undefined> {
  const workspace = await realpath(await mkdtemp(join(tmpdir(), 'anyport-probe-')));
  const sandboxOf = createTaskSandboxes({
    limits: commands,
    egress: createEgress({ alert: () => undefined }),
    allowedFor: () => network,
  });
  try {
    const result = await sandboxOf({ sandbox: 'bubblewrap', network: { tenant: 'default', allow: network } }).run({
      argv: ['/bin/true'],
      workspace,
      workingDirectory: workspace,
      timeoutMs: PROBE_TIMEOUT_MS,
      signal: new AbortController().signal,
    });
    return problemOf(result);
  } catch (error) {
    return messageOf(error);
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

function problemOf({ end, output }: CommandResult): string | undefined {
  if (end.kind === 'exited' && end.code === 0) return undefined;
  return output.trim() === '' ? `it ended with ${JSON.stringify(end)}` : output.trim();
}
