/** `anyport route`: who may serve a task on a day, in which order, and why nobody else may. Starts nothing and calls nobody. */
import { Command, Option } from 'commander';
import { PRODUCTS } from '../workflows/domain/catalog.ts';
import { DEFAULT_TENANT } from '../workflows/domain/task-queues.ts';
import { FAILOVER_KINDS } from '../workflows/domain/tenant-policy.ts';
import { USUAL_OUTPUT_TOKENS } from '../workflows/domain/token-estimate.ts';
import { configOption, dataOption } from './command-options.ts';
import { loadConfig } from './config.ts';
import type { RouteFlags } from './eligibility/ask-route.ts';
import {
  askRoute,
  parseClouds,
  parseList,
  parseDays,
  parseNeeds,
  parseTokens,
  whyUnknownModel,
} from './eligibility/ask-route.ts';
import type { Asked } from './eligibility/describe-decision.ts';
import { describeDecision } from './eligibility/describe-decision.ts';
import { asOfOption, knownAtOption } from './eligibility/moment-options.ts';
import { note, print, PRINTABLE_OUTPUT, printJson } from './eligibility/print.ts';
import { readDecision } from './eligibility/read-decision.ts';
import { EXIT, runCommand, WrongUse } from './eligibility/run-command.ts';
import { placedDeployments } from './endpoints.ts';

/** What `--decision` has an answer to already. */
const QUESTION = [
  'model',
  'product',
  'tenant',
  'needs',
  'inputTokens',
  'outputTokens',
  'days',
  'asOf',
  'knownAt',
  'catalogOnly',
  'residency',
  'clouds',
  'failover',
  'zeroRetention',
];

interface OutputFlags {
  readonly decision?: string;
  readonly config?: string;
  readonly data: string;
  readonly json?: true;
}

const HELP = `
The order is by what the tenant prefers, then by stage, warnings, scope, commitment and price; health is not asked.

Exit codes: 0 somebody may serve · 1 nobody may · 2 wrong use, or a mistake in the configuration`;

await runCommand('anyport route', async () => {
  const command = new Command('anyport route')
    .description('Says who may serve a task, best first, and every reason why the others may not. Calls nobody.')
    .option('--model <model>', 'the model that is asked for')
    .addOption(
      new Option(
        '--decision <id>',
        'in place of a question: what was decided for a task, by the id in its story, from the task store',
      ).conflicts(QUESTION),
    )
    .addOption(new Option('--product <product>', 'what is asked for').choices(PRODUCTS).default('model'))
    .option('--tenant <tenant>', 'whose policy holds', DEFAULT_TENANT)
    .addOption(new Option('--needs <capabilities>', 'what it must be able to do: tools,background,…').argParser(parseNeeds))
    .addOption(new Option('--input-tokens <n>', 'the input of one request').argParser(parseTokens).default(0))
    .addOption(new Option('--output-tokens <n>', 'its answer').argParser(parseTokens).default(USUAL_OUTPUT_TOKENS))
    .addOption(new Option('--days <n>', 'how long the task may last').argParser(parseDays).default(1))
    .addOption(asOfOption())
    .addOption(knownAtOption())
    .addOption(new Option('--residency <geos>', 'process and store it there alone, such as eu,us').argParser(parseList))
    .addOption(new Option('--clouds <names>', 'these clouds alone, such as azure,aws').argParser(parseClouds))
    .addOption(new Option('--failover <kind>', 'where a task may go on when a cloud fails').choices(FAILOVER_KINDS))
    .option('--zero-retention', 'only where nothing that is sent is kept')
    .option('--catalog-only', 'ask the catalog alone, whatever endpoints are configured')
    .addOption(configOption())
    .addOption(dataOption())
    .option('--json', 'the decision as one line of JSON')
    .addHelpText('after', HELP)
    .allowExcessArguments(false)
    .configureOutput(PRINTABLE_OUTPUT)
    .exitOverride()
    .parse();
  const flags = command.opts<Partial<RouteFlags> & OutputFlags>();
  const asked = flags.decision === undefined ? askNow(flags) : await readDecision(flags.decision, flags.data);
  if (flags.json === true) printJson(asked.decision);
  else print(describeDecision(asked));
  process.exitCode = asked.decision.outcome === 'none-eligible' ? EXIT.refused : EXIT.fine;
});

function askNow(flags: Partial<RouteFlags> & OutputFlags): Asked {
  if (flags.model === undefined) throw new WrongUse('--model is missing: name the model that is asked for, or --decision ID');
  const config = loadConfig({
    file: flags.config,
    environment: process.env,
    workingDirectory: process.cwd(),
    endpoints: 'optional',
  });
  const question = { ...flags, model: flags.model } as RouteFlags; // commander has filled in the defaults of the others
  const asked = askRoute(question, { config, placed: placedDeployments(config), nowMs: Date.now() });
  const unknown = whyUnknownModel(asked);
  if (unknown !== undefined) note(unknown);
  return asked;
}
