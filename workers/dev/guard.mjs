/**
 * Runs a program that cannot notice the death of who started it: `node guard.mjs COMMAND [ARGUMENTS]`. Its standard input is a
 * lifeline: when it closes, however the other end went, the program is told to stop, and is killed when it does not. The first line of standard
 * output is `{"pid":N}`. Plain JavaScript and nothing imported that takes time: it starts in tens of milliseconds.
 */
import { spawn } from 'node:child_process';

/** The Temporal server takes 1.5 s to stop in good order (measured); this is for a machine under load. */
const GRACE_MS = 3_000;

const [command, ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], windowsHide: true });
child.once('spawn', () => process.stdout.write(`${JSON.stringify({ pid: child.pid })}\n`));
child.once('error', (error) => {
  process.stderr.write(`${command} cannot be run: ${error.message}\n`);
  process.exit(127);
});
child.once('exit', (code, signal) => process.exit(code ?? (signal === 'SIGKILL' ? 137 : 143)));

let isStopping = false;
function stop() {
  if (isStopping) return;
  isStopping = true;
  child.kill('SIGINT');
  setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
}

process.stdin.resume();
process.stdin.once('close', stop);
// Without a reader this process must live on to stop its program.
process.stdout.on('error', stop);
process.stderr.on('error', stop);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
