/**
 * Runs a command that must not outlive who started it: `node guard.mjs MARK pipes|terminal COMMAND [ARGUMENTS]`. Behind pipes standard input
 * is a lifeline: when it closes, however the other end went, the command dies with everything it started. At a terminal the command has
 * standard input itself, and the terminal hangs up on us all the same. Processes are found by their group and, where
 * there is a /proc, by MARK in their environment, which also finds those that left the group (setsid).
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A process may fork while the list is read; each round finds what the last one missed. */
const ROUNDS = 20;

const [mark, place, command, ...args] = process.argv.slice(2);
const isAtTerminal = place === 'terminal';
const environment = { ...process.env, ANYPORT_COMMAND: mark };
const child = isAtTerminal
  ? spawn(command, args, { stdio: 'inherit', env: environment })
  : spawn(command, args, { stdio: ['ignore', 1, 1], detached: true, env: environment });

child.once('error', (error) => {
  process.stderr.write(`${command} cannot be run: ${error.message}\n`);
  process.exit(127);
});
child.once('exit', (code, signal) => {
  killTree();
  if (signal === null) process.exit(code ?? 1);
  // Ends in the same way as the command did, so that its signal is seen.
  process.kill(process.pid, signal);
});
if (isAtTerminal) {
  // Keys such as Ctrl-C are for the command.
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGTSTP']) process.on(signal, () => undefined);
  process.on('SIGHUP', goToo);
} else {
  process.stdin.resume();
  process.stdin.once('close', goToo);
}

function goToo() {
  killTree();
  process.exit(137);
}

function killTree() {
  if (child.pid !== undefined) kill(isAtTerminal ? child.pid : -child.pid);
  for (let round = 0; round < ROUNDS; round += 1) {
    const found = markedProcesses();
    if (found.length === 0) return;
    for (const pid of found) kill(pid);
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

function isMarked(pid) {
  if (pid === process.pid) return false;
  try {
    return readFileSync(`/proc/${pid}/environ`).includes(`ANYPORT_COMMAND=${mark}`);
  } catch {
    return false;
  }
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended in between.
  }
}
