/** The HTTP door as a process of the local stack. It is a client of Temporal, so it is known by path alone. */
import { fileURLToPath } from 'node:url';
import type { RunningChild } from './child-process.ts';
import { startChild } from './child-process.ts';
import { chooseFreePorts } from './free-port.ts';
import type { KeptProcess } from './keep-running.ts';
import { keepRunning } from './keep-running.ts';

const CLI = fileURLToPath(new URL('../../client/cli/main.ts', import.meta.url));
/** It listens after half a second; this is for a busy machine. */
const READY_TIMEOUT_MS = 30_000;

export interface HttpDoorOptions {
  /** Taken when it is free. */
  readonly port: number;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
}

export interface HttpDoor {
  /** http://host:port. */
  readonly address: string;
  stop(): Promise<void>;
}

/** For this machine alone. One that died comes back at the same address. @throws ChildProcessError */
export async function keepHttpDoor({ port: wished, temporal, environment, say }: HttpDoorOptions): Promise<HttpDoor> {
  const [port = 0] = await chooseFreePorts([wished]);
  const start = (): Promise<RunningChild> =>
    startChild({
      name: 'HTTP door',
      command: process.execPath,
      args: [
        CLI,
        'serve',
        '--exit-with-parent',
        '--port',
        String(port),
        '--temporal',
        temporal.address,
        '--namespace',
        temporal.namespace,
      ],
      environment,
      readyTimeoutMs: READY_TIMEOUT_MS,
      onStderr: (line) => say(`HTTP door: ${line}`),
    });
  const door: KeptProcess<RunningChild> = await keepRunning({ name: 'HTTP door', start, say });
  return { address: addressOf(door.current()?.report), stop: () => door.stop() };
}

function addressOf(report: unknown): string {
  if (typeof report === 'object' && report !== null && 'address' in report && typeof report.address === 'string')
    return report.address;
  throw new Error('the HTTP door did not say where it listens');
}
