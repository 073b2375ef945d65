/** Runs a program and keeps what it said, for the message when it fails. */
import { spawn } from 'node:child_process';

/** Go says last why it failed; npm says it first and its usage afterwards. */
const FIRST_LINES = 12;
const LAST_LINES = 15;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** A person stopped the set-up: nothing is wrong, and nothing else is to be tried. */
export class InterruptedError extends Error {}

/** Resolves when it exited with 0. @throws Error with the essence of its output */
export function runProgram(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    // Otherwise a terminated set-up would leave its installer at work, and the next one would start a second.
    let interrupted = false;
    const passOn = (signal) => {
      interrupted = true;
      child.kill(signal);
    };
    for (const signal of SIGNALS) process.on(signal, passOn);
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      ...options,
    });
    let output = '';
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.once('error', (error) => reject(new Error(`${command} cannot be run: ${error.message}`)));
    child.once('close', (code, signal) => {
      for (const name of SIGNALS) process.off(name, passOn);
      if (interrupted) reject(new InterruptedError('stopped; the next set-up begins again where it can'));
      else if (code === 0) resolve(output);
      else reject(new Error(`${command} ended with ${signal ?? `exit code ${code}`}:\n${excerpt(output)}`));
    });
  });
}

function excerpt(text) {
  const lines = text.trimEnd().split('\n');
  const isShort = lines.length <= FIRST_LINES + LAST_LINES;
  const kept = isShort ? lines : [...lines.slice(0, FIRST_LINES), '…', ...lines.slice(-LAST_LINES)];
  return kept.map((line) => `    ${line}`).join('\n');
}
