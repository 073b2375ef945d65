/** A TCP proxy that can hold everything back, as a network does that has died without saying so. */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

export interface FreezableProxy {
  /** host:port. */
  readonly address: string;
  /** Nothing passes any more, in either direction. */
  freeze(): void;
  /** What was held back is lost with its connections; new ones pass. */
  thaw(): void;
  close(): Promise<void>;
}

export async function startFreezableProxy(target: string): Promise<FreezableProxy> {
  const { hostname, port } = new URL(`tcp://${target}`);
  const sockets = new Set<Socket>();
  let isFrozen = false;
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    join(near, far);
    join(far, near);
    if (isFrozen) hold([near, far]);
  });
  const join = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (chunk) => to.write(chunk));
    from.on('error', () => undefined);
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const destroyAll = (): void => [...sockets].forEach((socket) => socket.destroy());
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on TCP
    freeze() {
      isFrozen = true;
      hold([...sockets]);
    },
    thaw() {
      isFrozen = false;
      destroyAll();
    },
    async close() {
      server.close();
      destroyAll();
      await once(server, 'close');
    },
  };
}

function hold(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.pause();
}
