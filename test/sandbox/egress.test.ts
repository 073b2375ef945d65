import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request as ask } from 'node:http';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { EgressDoor, EgressRequest } from '../../activities/sandbox/egress.ts';
import { createEgress } from '../../activities/sandbox/egress.ts';
import { afterRelay } from '../../activities/sandbox/egress-launch.ts';
import { anEchoServer } from './local-servers.ts';

/** What a task may have open at a time. */
const MOST = 128;

async function anEgress() {
  const alerts: string[] = [];
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
  const egress = createEgress({ alert: (message) => alerts.push(message), resolve });
  const open = async (request: Partial<EgressRequest>): Promise<EgressDoor> => {
    const door = await egress.open({ lists: [[]], workspace: '/w', say: () => undefined, ...request });
    onTestFinished(() => door.close());
    return door;
  };
  return { alerts, open };
}

async function connectBy(
  { socket: socketPath }: EgressDoor,
  path: string,
): Promise<{ readonly status: number; readonly socket: Socket }> {
  const request = ask({ socketPath, method: 'CONNECT', path }).end();
  const [{ statusCode = 0 }, socket] = (await once(request, 'connect')) as [IncomingMessage, Socket];
  onTestFinished(() => void socket.destroy());
  return { status: statusCode, socket: socket.resume() };
}

test('the commands of a task share what it may have open, those of another have their own', async () => {
  const server = await anEchoServer();
  const { open } = await anEgress();
  const lists = [[{ host: 'a.example', ports: [server.port], privateAddresses: true as const }]];
  const [first, second] = [await open({ lists, workspace: '/task' }), await open({ lists, workspace: '/task' })];
  const other = await open({ lists, workspace: '/other' });
  const host = `a.example:${server.port}`;

  const all = await Promise.all(Array.from({ length: MOST }, () => connectBy(first, host)));
  const [more, others] = [await connectBy(second, host), await connectBy(other, host)];
  all[0]?.socket.destroy();

  expect(all.every(({ status }) => status === 200)).toBe(true);
  expect([more.status, others.status]).toEqual([503, 200]);
  await vi.waitFor(async () => expect((await connectBy(second, host)).status).toBe(200));
});

test('a command that tries many hosts is told of the first ones, and so is the operator, by their names alone', async () => {
  const { open, alerts } = await anEgress();
  const told: string[] = [];
  const door = await open({ say: (refusal) => told.push(refusal) });

  for (let index = 0; index < 30; index += 1) await connectBy(door, `host-${index % 25}.example:443`);
  await connectBy(door, '10.0.0.1:443');

  expect(told).toHaveLength(20);
  expect(alerts).toEqual(Array.from({ length: 20 }, (_, index) => `a sandbox was refused a connection to host-${index}.example`));
});

test.each(['/bin/false', '/bin/echo', '/no/such/node'])(
  'no command is run without its relay, for instance when Node is %s',
  (node) => {
    const [command = '', ...args] = afterRelay(node, ['/bin/echo', 'ran']);

    const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });

    expect(status).toBe(125);
    expect(stdout).toBe('The command was not run: the network of its sandbox could not be started.\n');
  },
);

test('nobody else may enter the folder of the sockets', async () => {
  const { open } = await anEgress();

  const { socket } = await open({});

  expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700);
});
