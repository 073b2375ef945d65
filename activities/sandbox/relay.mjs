/**
 * The sandbox's end of its way out: `node relay.mjs SOCKET PORT`. Takes connections on the loopback of the sandbox's own network and hands
 * each to the proxy's socket, byte by byte; what may pass is decided there. Says `listening` on standard output once it does, and closes
 * it. It lives as long as the sandbox, which ends with the command.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const [socket, port] = process.argv.slice(2);

// Typed in a terminal these are for the command.
for (const signal of ['SIGINT', 'SIGQUIT', 'SIGTSTP', 'SIGHUP']) process.on(signal, () => undefined);

const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const proxy = connect({ path: socket, allowHalfOpen: true });
  client.pipe(proxy).pipe(client);
  for (const [one, other] of [
    [client, proxy],
    [proxy, client],
  ]) {
    one.once('error', () => other.destroy());
    one.once('close', () => other.destroy());
  }
});
server.on('error', () => process.exit(1));
server.listen({ host: '127.0.0.1', port: Number(port) }, () => {
  writeSync(1, 'listening');
  closeSync(1);
  // It takes the place: a connection that did could never be closed by Node.
  openSync('/dev/null', 'w');
});
