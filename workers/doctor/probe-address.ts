import { connect } from 'node:net';

/** A distant region answers in 0.3 s; what takes ten times as long is filtered. */
const TIMEOUT_MS = 3_000;

/** Opens a TCP connection and closes it: no request, no cost. Resolves with why it failed, or undefined. */
export function probeAddress(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS });
    const finish = (problem?: string): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.once('connect', () => finish());
    socket.once('timeout', () => finish(`no answer within ${TIMEOUT_MS / 1000} s`));
    socket.once('error', (error) => finish(error.message || ('code' in error ? String(error.code) : 'connection failed')));
  });
}
