/**
 * All set-up of a fresh clone, then the command: `node scripts/bootstrap.mjs [script.ts [arguments]]`. Plain JavaScript for Node 18
 * without dependencies, since it runs before they are there.
 *
 * The command is run from here and not after `&&`, because a shell remembers where it found `node` for the first command, and would run
 * the second with the machine's old one although the pinned one is first on PATH by then (dash and bash, checked 2026-11).
 */
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDependencies, nodeBinary } from './bootstrap/install-dependencies.mjs';
import { installTemporal } from './bootstrap/install-temporal.mjs';
import { say } from './bootstrap/progress.mjs';
import { runCommand } from './bootstrap/run-command.mjs';
import { InterruptedError } from './bootstrap/run-program.mjs';
import { findOnPath, searchTemporalBinary } from './temporal-binary.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

const [script, ...args] = process.argv.slice(2);
/** Words need no server, and getting one may take minutes. */
const isHelp = args.includes('--help') || args.includes('-h');

async function setUp() {
  await installDependencies(ROOT);
  if (isHelp) return;
  await provideTemporal();
  if (process.platform === 'linux' && findOnPath('bwrap').length === 0) {
    say(
      'hint: bubblewrap ("bwrap") is missing; tasks that run commands are refused until it is installed, or with --sandbox none',
    );
  }
}

async function provideTemporal() {
  // Whoever names a server has one; whether it answers is seen by who connects.
  if (process.env.TEMPORAL_ADDRESS) return;
  const { found, rejected } = await searchTemporalBinary();
  if (found === undefined) await installTemporal(rejected);
}

try {
  await setUp();
} catch (error) {
  say(error.message);
  process.exit(error instanceof InterruptedError ? 130 : 1);
}
if (script !== undefined) await runCommand(nodeBinary(ROOT), resolve(ROOT, script), args);
