/** `anyport serve` as a process: what it says and how it ends. What its door answers is in test/http. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ask } from '../http/ask.ts';
import type { KillableServer } from '../support/killable-server.ts';
import { startKillableServer } from '../support/killable-server.ts';
import { runAnyport } from './support/run-anyport.ts';

const MAIN = fileURLToPath(new URL('../../client/cli/main.ts', import.meta.url));
const TOKEN = 'correct-horse-battery';

let server: KillableServer;

beforeAll(async () => {
  server = await startKillableServer({});
});
afterAll(() => server.stop());

interface Serving {
  readonly address: string;
  end(signal: NodeJS.Signals): Promise<{ readonly code: unknown; readonly stderr: string }>;
}

async function serving(args: readonly string[], environment = {}): Promise<Serving> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--temporal', server.address, ...args], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const stderr = text(child.stderr);
  const exited = once(child, 'exit');
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const { address } = JSON.parse(String(line));
  return {
    address: String(address),
    async end(signal) {
      child.kill(signal);
      const [code] = await exited;
      return { code, stderr: await stderr };
    },
  };
}

describe('anyport serve', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('says where it listens, answers, and ends with 0 at %s', async (signal) => {
    const { address, end } = await serving([]);

    const reply = await ask(`GET ${address}/anyport/v1/tasks/nobody`);
    const { code, stderr } = await end(signal);

    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(reply).toMatchObject({ status: 404, body: { error: { code: 'not-found' } } });
    expect(code).toBe(0);
    expect(stderr).toBe(`listening on ${address}, for this machine alone\n`);
    await expect(ask(`GET ${address}/anyport/v1/healthz`)).rejects.toThrow('ECONNREFUSED');
  });

  test('wants the token that the variable has, and says it to nobody', async () => {
    const { address, end } = await serving(['--host', '0.0.0.0', '--token-env', 'DOOR'], { DOOR: TOKEN });
    const local = address.replace('0.0.0.0', '127.0.0.1');

    const without = await ask(`GET ${local}/anyport/v1/tasks/nobody`);
    const withToken = await ask(`GET ${local}/anyport/v1/tasks/nobody`, { headers: { authorization: `Bearer ${TOKEN}` } });
    const { stderr } = await end('SIGTERM');

    expect([without.status, withToken.status]).toEqual([401, 404]);
    expect(stderr).not.toContain(TOKEN);
  });

  test('goes with who started it, when told to', async () => {
    const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--temporal', server.address, '--exit-with-parent'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const exited = once(child, 'exit');
    await once(createInterface({ input: child.stdout }), 'line');

    child.stdin.end();

    expect((await exited)[0]).toBe(0);
  });

  test.each([
    [['--host', '0.0.0.0'], {}, 'whoever reaches the door may approve: name a token by --token-env'],
    [['--token-env', 'DOOR'], {}, 'the environment variable DOOR is not set'],
    [['--token-env', 'DOOR'], { DOOR: '' }, 'the environment variable DOOR is not set'],
    [['--token-env', 'DOOR'], { DOOR: 'hunter2' }, 'what is in DOOR is no token: use at least 16 characters'],
    [['--host', '192.0.2.1', '--token-env', 'DOOR'], { DOOR: TOKEN }, '192.0.2.1 is no address of this machine'],
    [['--port', '70000'], {}, '"70000" is no port'],
    [['--port', 'http'], {}, '"http" is no port'],
  ])('is refused as wrong use with words: %j', async (args, environment, words) => {
    const { code, stdout, stderr } = await runAnyport(['serve', '--port', '0', '--temporal', server.address, ...args], {
      environment,
    });

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('hunter2');
  });

  test('does not start on a port that is taken, nor without Temporal', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;

    const taken = await runAnyport(['serve', '--port', String(port), '--temporal', server.address]);
    const away = await runAnyport(['serve', '--port', '0', '--temporal', '127.0.0.1:1']);

    other.close();
    expect(taken).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`port ${port} of 127.0.0.1 is taken by another program`),
    });
    expect(away).toMatchObject({ code: 1, stderr: expect.stringContaining('no Temporal server answers at 127.0.0.1:1') });
    expect(taken.stderr).not.toContain('    at ');
  });
});
