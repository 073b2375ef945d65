/**
 * Runs a command that must not outlive who started it: `node guard.mjs FORM MARK COMMAND [ARGUMENTS]`. Standard input is a lifeline:
 * when it closes, however the other end went, the command dies with everything it started. Processes are found by their group and,
 * where there is a /proc, by MARK in their environment, which also finds those that left the group (setsid).
 *
 * With the FORM `server` the command has standard input for itself, and descriptor 3 is the lifeline.
 *
 * Else FORM is `pipes`, or `COLUMNSxROWS` for a pseudo-terminal of that size: what comes on standard input is typed there. The terminal is
 * opened here and not in the worker, because its descriptor would be inherited by every command that the worker starts later.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';

/** A process may fork while the list is read; each round finds what the last one missed. */
const ROUNDS = 20;
/** As a shell reports a command that it cannot run. */
const CANNOT_RUN = 127;
/** To which the number of the signal is added, as a shell reports a command that was killed. */
const KILLED_BY = 128;

const [form, mark, command, ...args] = process.argv.slice(2);
const environment = { ...process.env, ANYPORT_COMMAND: mark };
const lifeline = form === 'server' ? new Socket({ fd: 3 }) : process.stdin;
const [columns, rows] = form.split('x').map(Number);
const pid = form === 'server' || form === 'pipes' ? startWithPipes() : await startInTerminal();

lifeline.once('close', () => {
  // Not yet the leader of its group when it was forked a moment ago.
  if (pid !== undefined) kill(pid);
  killTree();
  process.exit(KILLED_BY + constants.signals.SIGKILL);
});
lifeline.once('error', () => lifeline.destroy());

function startWithPipes() {
  const stdio = form === 'server' ? 'inherit' : ['ignore', 1, 1];
  const child = spawn(command, args, { stdio, detached: true, env: environment });
  child.once('error', cannotRun);
  child.once('exit', (code, signal) => finish(code ?? KILLED_BY + constants.signals[signal]));
  lifeline.resume();
  return child.pid;
}

async function startInTerminal() {
  const { spawn: spawnInTerminal } = await import('@lydell/node-pty');
  try {
    const size = { cols: columns, rows };
    const terminal = spawnInTerminal(command, args, { ...size, cwd: process.cwd(), env: environment, encoding: null });
    terminal.onData((bytes) => process.stdout.write(bytes));
    terminal.onExit(({ exitCode, signal }) => finish(signal > 0 ? KILLED_BY + signal : exitCode));
    process.stdin.on('data', (bytes) => terminal.write(bytes));
    return terminal.pid;
  } catch (error) {
    return cannotRun(error);
  }
}

function cannotRun(error) {
  process.stderr.write(`${command} cannot be run: ${error.message}\n`);
  process.exit(CANNOT_RUN);
}

/** After all that the command printed has left. */
function finish(code) {
  killTree();
  process.stdout.write('', () => process.exit(code));
}

function killTree() {
  if (pid !== undefined) kill(-pid);
  for (let round = 0; round < ROUNDS; round += 1) {
    const found = markedProcesses();
    if (found.length === 0) return;
    found.forEach(kill);
  }
}

function markedProcesses() {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter(isMarked);
  } catch {
    return [];
  }
}

function isMarked(other) {
  if (other === process.pid) return false;
  try {
    return readFileSync(`/proc/${other}/environ`).includes(`ANYPORT_COMMAND=${mark}`);
  } catch {
    return false;
  }
}

function kill(other) {
  try {
    process.kill(other, 'SIGKILL');
  } catch {
    // It ended in between.
  }
}
