import type { Server } from 'node:net';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';

const HOST = '127.0.0.1';

/**
 * One free port for each wish: the wished one, or any when it is taken or 0. All are held until all are chosen, so no two are the same.
 * Another process may still take one before it is used; who binds it must be ready to ask again.
 */
export async function chooseFreePorts(wishes: readonly number[]): Promise<readonly number[]> {
  const held: Server[] = [];
  try {
    for (const wish of wishes) held.push(await hold(wish));
    return held.map(portOf);
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

async function hold(wish: number): Promise<Server> {
  const isUsable = wish !== 0 && !(await isServed(wish));
  return (isUsable ? await listen(wish) : undefined) ?? (await listenAnywhere());
}

/** macOS lets us bind a port of 127.0.0.1 that another program serves on all addresses; so ask whether somebody answers. */
function isServed(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function listenAnywhere(): Promise<Server> {
  const server = await listen(0);
  if (server === undefined) throw new Error(`no free port is left on ${HOST}`);
  return server;
}

/** Undefined when the port is taken, or reserved for the system. */
async function listen(port: number): Promise<Server | undefined> {
  const server = createServer();
  server.listen({ host: HOST, port, exclusive: true });
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a port was asked for and none was bound');
  return address.port;
}
