/** A door that listens. */
import type { AddressInfo } from 'node:net';
import type { DoorOptions } from './create-door.ts';
import { createDoor } from './create-door.ts';
import { DoorError } from './door-error.ts';

export interface ListenOptions extends DoorOptions {
  /** 0 is any that is free. */
  readonly port: number;
}

export interface OpenDoor {
  /** http://host:port. */
  readonly address: string;
  /** Takes no more requests, and resolves when those that came are answered, or have had their time. */
  close(): Promise<void>;
}

/** An answer is waited for at most 10 s from a worker, and as long for Temporal. */
const CLOSE_MS = 25_000;

/** @throws DoorError */
export async function openDoor({ port, ...options }: ListenOptions): Promise<OpenDoor> {
  const app = createDoor(options);
  try {
    await app.listen({ host: options.host, port });
  } catch (error) {
    await app.close();
    throw toDoorError(error, options.host, port);
  }
  const bound = app.server.address() as AddressInfo; // it listens on TCP
  return {
    address: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${bound.port}`,
    close: async () => {
      const timer = setTimeout(() => app.server.closeAllConnections(), CLOSE_MS);
      await app.close().finally(() => clearTimeout(timer));
    },
  };
}

function toDoorError(cause: unknown, host: string, port: number): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new DoorError(`port ${port} of ${host} is taken by another program: stop that, or choose another by --port`, false, {
        cause,
      });
    case 'EACCES':
      return new DoorError(`port ${port} of ${host} is reserved for the system: choose one from 1024 by --port`, true, { cause });
    case 'EADDRNOTAVAIL':
      return new DoorError(`${host} is no address of this machine: name one of its own by --host`, true, { cause });
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new DoorError(`nobody knows a host "${host}": name an address of this machine by --host`, true, { cause });
    default:
      return cause;
  }
}
