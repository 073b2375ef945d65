/** `anyport catalog`: the facts about what clouds sell, and what an operator says besides. Reads files alone. */
import { Argument, Command, Option } from 'commander';
import { SELLERS, PRODUCTS } from '../workflows/domain/catalog.ts';
import { nearestNames } from '../workflows/domain/nearest-names.ts';
import { DEFAULT_TENANT } from '../workflows/domain/task-queues.ts';
import { defaultPolicy } from '../workflows/domain/tenant-policy.ts';
import type { AnyportConfig } from './anyport-config.ts';
import { configOption } from './command-options.ts';
import { ConfigError } from './config-error.ts';
import { loadConfig } from './config.ts';
import { checkFacts, describeFactsCheck } from './eligibility/check-facts.ts';
import { describeOffering, findOffering } from './eligibility/describe-offering.ts';
import type { ListFilter } from './eligibility/list-offerings.ts';
import { describeOfferings, selectOfferings, toListed } from './eligibility/list-offerings.ts';
import type { MomentFlags } from './eligibility/moment-options.ts';
import { asOfOption, knownAtOption, toMoment } from './eligibility/moment-options.ts';
import { note, print, PRINTABLE_OUTPUT, printJson } from './eligibility/print.ts';
import { EXIT, runCommand } from './eligibility/run-command.ts';

interface Flags extends MomentFlags {
  readonly config?: string;
  readonly json?: true;
}

const HELP = `
Exit codes: 0 fine, also with notes · 1 "check" found a mistake in the configuration · 2 wrong use, or such a mistake elsewhere`;

await runCommand('anyport catalog', () => {
  const program = new Command('anyport catalog')
    .description('Dated facts: who sells which model where, since when, to whom, at which price. Calls nobody.')
    .addHelpText('after', HELP)
    .configureOutput(PRINTABLE_OUTPUT)
    .exitOverride();
  addOptions(program.command('list').description('one row for each offering, as it is on a day'))
    .option('--model <model>', 'of this model alone')
    .addOption(new Option('--cloud <cloud>', 'of this seller alone').choices(SELLERS))
    .addOption(new Option('--product <product>', 'of this product alone').choices(PRODUCTS))
    .addOption(knownAtOption())
    .action(list);
  program
    .command('show')
    .description('everything that is known of one offering, with sources')
    .addArgument(new Argument('<offering>', 'its id, as "list" has it'))
    .addOption(configOption())
    .option('--json', 'as one line of JSON')
    .action(show);
  addOptions(
    program.command('check').description('facts to look at again: stale, contradicted, weak; entitlements that ended'),
  ).action(check);
  program.parse();
});

function addOptions(command: Command): Command {
  return command.addOption(asOfOption()).addOption(configOption()).option('--json', 'JSON, one object on a line');
}

function list(flags: Flags & ListFilter): void {
  const { catalog: loaded } = readConfig(flags);
  const at = toMoment(flags, loaded, Date.now());
  const found = selectOfferings(loaded.catalog, flags);
  if (found.length === 0) note(whyNone(flags, loaded.catalog));
  else if (flags.json === true) for (const offering of found) printJson(toListed(offering, at));
  else print(describeOfferings(found, at));
}

function show(id: string, flags: Flags): void {
  const shown = findOffering(readConfig(flags).catalog.catalog, id);
  if (flags.json === true) printJson(shown);
  else print(describeOffering(shown));
}

function check(flags: Flags): void {
  const config = readForCheck(flags);
  if (config === undefined) return;
  const { catalog: loaded, tenants } = config;
  const at = toMoment(flags, loaded, Date.now());
  const policies = tenants.map(({ policy }) => policy);
  const found = checkFacts({ catalog: loaded.catalog, policy: defaultPolicy(DEFAULT_TENANT), tenants: policies, at });
  if (flags.json === true) printJson(found);
  else print(describeFactsCheck(found));
}

/** Of a check, a mistake is what was looked for. */
function readForCheck(flags: Flags): AnyportConfig | undefined {
  try {
    return readConfig(flags);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    note(error.message);
    process.exitCode = EXIT.refused;
    return undefined;
  }
}

function readConfig({ config }: Flags): AnyportConfig {
  return loadConfig({ file: config, environment: process.env, workingDirectory: process.cwd(), endpoints: 'optional' });
}

function whyNone({ model }: ListFilter, catalog: Parameters<typeof selectOfferings>[0]): string {
  const models = selectOfferings(catalog, {}).map((offering) => offering.model);
  if (model === undefined || models.includes(model)) return 'the catalog has no such offering: leave out a filter';
  return `the catalog has no offering of "${model}" (nearest: ${nearestNames(model, models).join(', ')})`;
}
