/** `npm run emulators`: the emulated clouds alone. Prints where they are as one JSON line and runs until it is stopped. */
import { Command } from 'commander';
import { ScriptError } from './conversation-script.ts';
import { startEmulators } from './start-emulators.ts';

interface EmulatorFlags {
  readonly scripts?: string;
  readonly host?: string;
  readonly publicHost?: string;
  readonly firstPort?: string;
  readonly exitWithParent?: true;
}

const flags = new Command('emulators')
  .description('Emulates OpenAI, Azure, AWS and Google Cloud on this machine, from conversation scripts.')
  .option('--scripts <dir>', 'folder of conversation scripts (*.json)')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--public-host <name>', 'host in the printed base URLs')
  .option('--first-port <port>', 'port of the first endpoint, the others follow; default: free ones')
  .option('--exit-with-parent', 'stop when standard input closes')
  .parse()
  .opts<EmulatorFlags>();

try {
  const { scripts, host, publicHost, firstPort } = flags;
  const { close, ...report } = await startEmulators({
    ...(scripts === undefined ? {} : { scriptsDirectory: scripts }),
    ...(host === undefined ? {} : { host }),
    ...(publicHost === undefined ? {} : { publicHost }),
    ...(firstPort === undefined ? {} : { firstPort: Number(firstPort) }),
  });
  const stop = (): void => void close().then(() => process.exit(0));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  if (flags.exitWithParent === true) process.stdin.resume().once('close', stop);
  console.log(JSON.stringify(report));
} catch (error) {
  const known = error instanceof ScriptError || (error instanceof Error && 'code' in error);
  console.error(`emulators: ${known ? error.message : error instanceof Error ? error.stack : String(error)}`);
  process.exit(2);
}
