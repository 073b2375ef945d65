/** `anyport route`: who may serve a task on a day, in which order, and why nobody else may. Starts nothing and calls nobody. */
import { Command, Option } from 'commander';
import { PRODUCTS } from '../workflows/domain/catalog.ts';
import { DEFAULT_TENANT } from '../workflows/domain/task-queues.ts';
import { USUAL_OUTPUT_TOKENS } from '../workflows/domain/token-estimate.ts';
import { configOption } from './command-options.ts';
import { loadConfig } from './config.ts';
import type { RouteFlags } from './eligibility/ask-route.ts';
import { askRoute, parseDays, parseNeeds, parseTokens, whyUnknownModel } from './eligibility/ask-route.ts';
import { describeDecision } from './eligibility/describe-decision.ts';
import { asOfOption, knownAtOption } from './eligibility/moment-options.ts';
import { note, print, PRINTABLE_OUTPUT, printJson } from './eligibility/print.ts';
import { EXIT, runCommand } from './eligibility/run-command.ts';
import { placedDeployments } from './endpoints.ts';

const HELP = `
The order is by what the tenant prefers, then by stage, warnings, scope, commitment and price; health is not asked.

Exit codes: 0 somebody may serve · 1 nobody may · 2 wrong use, or a mistake in the configuration`;

runCommand('anyport route', () => {
  const command = new Command('anyport route')
    .description('Says who may serve a task, best first, and every reason why the others may not. Calls nobody.')
    .requiredOption('--model <model>', 'the model that is asked for')
    .addOption(new Option('--product <product>', 'what is asked for').choices(PRODUCTS).default('model'))
    .option('--tenant <tenant>', 'whose policy holds', DEFAULT_TENANT)
    .addOption(new Option('--needs <capabilities>', 'what it must be able to do: tools,background,…').argParser(parseNeeds))
    .addOption(new Option('--input-tokens <n>', 'the input of one request').argParser(parseTokens).default(0))
    .addOption(new Option('--output-tokens <n>', 'its answer').argParser(parseTokens).default(USUAL_OUTPUT_TOKENS))
    .addOption(new Option('--days <n>', 'how long the task may last').argParser(parseDays).default(1))
    .addOption(asOfOption())
    .addOption(knownAtOption())
    .option('--catalog-only', 'ask the catalog alone, whatever endpoints are configured')
    .addOption(configOption())
    .option('--json', 'the decision as one line of JSON')
    .addHelpText('after', HELP)
    .allowExcessArguments(false)
    .configureOutput(PRINTABLE_OUTPUT)
    .exitOverride()
    .parse();
  const flags = command.opts<RouteFlags & { readonly config?: string; readonly json?: true }>();
  const config = loadConfig({
    file: flags.config,
    environment: process.env,
    workingDirectory: process.cwd(),
    endpoints: 'optional',
  });
  const asked = askRoute(flags, { config, placed: placedDeployments(config), nowMs: Date.now() });
  const unknown = whyUnknownModel(asked);
  if (unknown !== undefined) note(unknown);
  if (flags.json === true) printJson(asked.decision);
  else print(describeDecision(asked));
  process.exitCode = asked.decision.outcome === 'none-eligible' ? EXIT.refused : EXIT.fine;
});
