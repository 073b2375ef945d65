import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { chooseFreePorts } from '../../workers/dev/free-port.ts';

test('a free port that is wished for is chosen', async () => {
  const [port = 0] = await chooseFreePorts([0]);

  expect(await chooseFreePorts([port])).toEqual([port]);
});

test.each(['127.0.0.1', '0.0.0.0'])('a port that is served on %s is not chosen', async (host) => {
  const [port = 0] = await chooseFreePorts([0]);
  const other = createServer().listen({ host, port });
  onTestFinished(() => void other.close());
  await once(other, 'listening');

  const [chosen] = await chooseFreePorts([port]);

  expect(chosen).not.toBe(port);
});

test('no two wishes get the same port', async () => {
  const [port = 0] = await chooseFreePorts([0]);

  const chosen = await chooseFreePorts([port, port, 0, 0]);

  expect(new Set(chosen).size).toBe(4);
});
