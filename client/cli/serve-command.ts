/** `anyport serve`: the HTTP door, until it is told to stop. */
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { DoorError } from '../http/door-error.ts';
import type { ListenOptions, OpenDoor } from '../http/open-door.ts';
import { isLoopback } from '../http/loopback.ts';
import type { ConnectionFlags } from './connection-options.ts';
import { addConnectionOptions, withTaskClient } from './connection-options.ts';
import { note, printJson } from './terminal.ts';
import { UsageError } from './usage-error.ts';

const PORT = 7280;
const HOST = '127.0.0.1';
/** Shorter ones can be guessed, the more so as nobody counts wrong tries. */
const SHORTEST_TOKEN = 16;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

interface ServeFlags extends ConnectionFlags {
  readonly port: number;
  readonly host: string;
  readonly tokenEnv?: string;
  readonly exitWithParent?: true;
}

export function addServeCommand(program: Command): void {
  const command = program
    .command('serve')
    .description('answer HTTP: the state of tasks, and approvals')
    .option('--port <n>', '0 is any that is free', parsePort, PORT)
    .option('--host <address>', 'where to listen; beyond this machine only with --token-env', HOST)
    .option('--token-env <name>', 'the environment variable with the token that callers must send')
    .addOption(new Option('--exit-with-parent', 'stop when standard input closes').hideHelp());
  addConnectionOptions(command).action(serve);
}

async function serve(flags: ServeFlags): Promise<void> {
  const { host, port } = flags;
  const token = tokenOf(flags);
  if (token === undefined && !isLoopback(host)) {
    throw new UsageError(
      `${host} is reached from other machines, and whoever reaches the door may approve: name a token by --token-env`,
    );
  }
  const stopRequested = waitForStop(flags.exitWithParent === true);
  await withTaskClient(flags, async (client) => {
    const guarded = { host, ...(token === undefined ? {} : { token }) };
    const door = await open({ client, port, say: (line) => note(line), ...guarded });
    // For the program that started us; the address is not the one that was asked for with port 0.
    printJson({ ready: true, address: door.address });
    note(`listening on ${door.address}${token === undefined ? ', for this machine alone' : ', for those who have the token'}`);
    await stopRequested;
    await door.close();
  });
  // The lifeline would keep us up.
  process.stdin.destroy();
}

/** Loaded here alone: no other command needs an HTTP server. */
async function open(options: ListenOptions): Promise<OpenDoor> {
  const { openDoor } = await import('../http/open-door.ts');
  try {
    return await openDoor(options);
  } catch (error) {
    if (error instanceof DoorError && error.isWrongUse) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** @throws UsageError naming the variable, never what is in it */
function tokenOf({ tokenEnv }: ServeFlags): string | undefined {
  if (tokenEnv === undefined) return undefined;
  const token = process.env[tokenEnv];
  if (token === undefined || token === '') throw new UsageError(`--token-env: the environment variable ${tokenEnv} is not set`);
  if (token.length >= SHORTEST_TOKEN && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new UsageError(
    `--token-env: what is in ${tokenEnv} is no token: use at least ${SHORTEST_TOKEN} characters of ASCII without spaces ("openssl rand -hex 32" makes one)`,
  );
}

/** Resolves at the first signal; a second one ends us at once. */
function waitForStop(withParent: boolean): Promise<void> {
  return new Promise((done) => {
    let isStopping = false;
    const stop = (): void => {
      isStopping = true;
      done();
    };
    for (const signal of SIGNALS) process.on(signal, () => (isStopping ? process.exit(1) : stop()));
    if (!withParent) return;
    process.stdin.resume();
    process.stdin.once('close', stop);
  });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError(`"${text}" is no port: use a whole number from 0 to 65535.`);
}
