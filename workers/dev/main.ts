/** `anyport dev`: keeps the local stack up until it is told to stop. */
import { Command, Option } from 'commander';
import type { SharedFlags } from '../command-options.ts';
import { configOption, dataOption, orVariable, sandboxOption } from '../command-options.ts';
import { describeProblem } from '../describe-problem.ts';
import type { DevStack } from './dev-stack.ts';
import { startDevStack } from './dev-stack.ts';

/** As `anyport serve` has it. */
const HTTP_PORT = 7280;
/** A parent killed outright sends nothing; we are at most this much longer here. */
const PARENT_CHECK_MS = 1_000;
/** One Ctrl-C may come twice: from the terminal, and passed on by npm or the CLI. */
const SAME_SIGNAL_MS = 1_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

interface DevFlags extends SharedFlags {
  readonly scripts?: string;
}

const flags = new Command('anyport dev')
  .description('Starts Temporal with its UI, a worker, and the emulated clouds when no cloud is configured.')
  .addOption(orVariable(new Option('--scripts <dir>', 'conversations for the emulated clouds'), 'ANYPORT_SCRIPTS'))
  .addOption(dataOption())
  .addOption(configOption())
  .addOption(sandboxOption())
  .parse()
  .opts<DevFlags>();

const { data, ...settings } = flags;
const stopRequested = waitForStop();
try {
  const stack = await startDevStack({ ...settings, dataDirectory: data, environment: process.env, httpPort: HTTP_PORT, say });
  announce(stack);
  const reason = await Promise.race([stopRequested, stack.broken]);
  say(reason === undefined ? 'stopping …' : `${reason}; stopping …`);
  await stack.stop();
  say('stopped; "anyport dev" on the same data goes on where this ended');
  process.exit(reason === undefined ? 0 : 1);
} catch (error) {
  console.error(`anyport dev: ${describeProblem(error)}`);
  process.exit(1);
}

function say(line: string): void {
  console.log(line);
}

function announce(stack: DevStack): void {
  say('');
  say(`  Temporal UI    ${stack.uiAddress ?? '(that of your Temporal server)'}`);
  say(`  Temporal gRPC  ${stack.temporalAddress}, namespace ${stack.namespace}`);
  say(`  HTTP door      ${stack.httpAddress ?? '-'}`);
  say(`  worker         process ${stack.workerPid() ?? '-'}`);
  say(`  data           ${data}`);
  say('');
  say('ready: npm run anyport -- run "PROMPT" --workspace DIR   (Ctrl-C stops everything)');
}

/** Resolves at the first signal, or when our parent is gone. Another signal ends us at once; our children see it and go too. */
function waitForStop(): Promise<undefined> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const onSignal = (): void => {
      firstAt ??= performance.now();
      if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(1);
      resolve(undefined);
    };
    for (const signal of SIGNALS) process.on(signal, onSignal);
    // Our terminal may be gone together with our parent: what we say then has no reader.
    process.stdout.on('error', () => undefined);
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent) resolve(undefined);
    }, PARENT_CHECK_MS).unref();
  });
}
