/** Servers as processes, over the real wire. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { McpServerSettings } from '../../activities/mcp/mcp-server-settings.ts';
import { createMcpTools } from '../../activities/mcp/mcp-tools.ts';
import { toServerSettings } from '../../workers/to-mcp-servers.ts';
import { eventually } from '../support/eventually.ts';
import type { McpScene } from './mcp-scene.ts';
import { anMcpScene, LOOKS } from './mcp-scene.ts';
import { isRunning, scratchFolder, uniqueSleep } from '../tools/tool-scene.ts';

const SERVER = fileURLToPath(new URL('stdio-server.ts', import.meta.url));
const ENVIRONMENT = { PATH: process.env['PATH'], HOME: '/nowhere', OPENAI_API_KEY: 'sk-secret', TRACKER_TOKEN: 'for the server' };

interface Scene extends McpScene {
  readonly folder: string;
  lines(file: string): readonly string[];
}

function aServer(overrides: Partial<McpServerSettings> = {}, args: readonly string[] = []): Scene {
  const folder = scratchFolder();
  const scene = anMcpScene({ ...programOf({ args: [SERVER, folder, ...args], variables: ['TRACKER_TOKEN'] }), ...overrides });
  const lines = (file: string): readonly string[] => {
    try {
      return readFileSync(join(folder, file), 'utf8').split('\n').slice(0, -1);
    } catch {
      return [];
    }
  };
  return { ...scene, folder, lines };
}

function programOf({
  args,
  variables,
}: {
  readonly args: readonly string[];
  readonly variables: readonly string[];
}): McpServerSettings {
  const usual = { name: 'trial', startMs: 20_000, callMs: 20_000, deny: [], classes: [], isRequired: false };
  const address = { kind: 'stdio', command: process.execPath, args, workingDirectory: '/', variables } as const;
  return toServerSettings({ ...usual, address }, ENVIRONMENT);
}

describe('a server', () => {
  test('is started when its tools are first wanted, all pages of them, and told of each call once', async () => {
    const { server, names, call, lines } = aServer();
    expect(server.settings.name).toBe('trial');
    expect(lines('starts')).toEqual([]);

    expect((await names()).slice(0, 3)).toEqual(['mcp__trial__echo', 'mcp__trial__environment', 'mcp__trial__crash']);
    expect(await names()).toHaveLength(13);
    expect(await call('echo', { text: 'hello' })).toEqual({ outcome: 'ok', output: 'hello' });

    expect(lines('starts')).toHaveLength(1);
    expect(lines('lists')).toEqual(['first', '8']);
    expect(lines('calls')).toEqual(['echo "t/1/c"']);
  });

  test('is believed nothing of what its tools do', async () => {
    const { server } = aServer();
    const tools = createMcpTools({ servers: [server], alert: () => undefined });

    const offered = await tools.offer('default');

    expect(new Set(offered.map(({ risk, retryClass }) => `${risk} ${retryClass}`))).toEqual(new Set(['external external']));
  });

  test('gets the variables that it is to have, and what a program needs', async () => {
    const { call } = aServer();

    const { output } = await call('environment');

    expect(JSON.parse(output)).toEqual(expect.arrayContaining(['HOME', 'PATH', 'TRACKER_TOKEN']));
    expect(output).not.toContain('OPENAI_API_KEY');
  });

  test('that lacks a variable is not started, and says which', async () => {
    const { names, alerts, lines } = aServer(programOf({ args: [], variables: ['NOT_THERE'] }));

    expect(await names()).toEqual([]);
    expect(alerts).toEqual([
      'MCP server trial: the variable NOT_THERE is not set: set it where Anyport is started; tasks are opened without its tools',
    ]);
    expect(lines('starts')).toEqual([]);
  });

  test('tells its operator what it writes beside the protocol', async () => {
    const { names, alerts, folder } = aServer();

    await names();

    const line = `MCP server trial: started with ${folder}`;
    await eventually('its line is told', async () => alerts.find((alert) => alert === line));
  });

  test('whose tools change is asked again', async () => {
    const { names, call } = aServer();

    await call('grow');

    await eventually('it is listed', async () => (await names()).find((name) => name === 'mcp__trial__grown'));
  });

  test('that tasks cannot do without keeps them from being opened while it is away', async () => {
    const address = { kind: 'stdio', command: '/no/such', args: [], workingDirectory: '/', readEnvironment: () => ({}) } as const;
    const { names } = aServer({ address, isRequired: true });

    await expect(names()).rejects.toThrow('MCP server trial: its command cannot be run');
  });
});

describe('a call', () => {
  test('shows pictures and what is structured', async () => {
    const { outcome, output, images } = await aServer().call('picture');

    expect({ outcome, output }).toEqual({ outcome: 'ok', output: '[picture: image/png, 1 x 1 pixels]\n{"seen":true}' });
    expect(images).toMatchObject([{ mediaType: 'image/png' }]);
  });

  test('fails in the words of its server', async () => {
    const { call } = aServer();

    expect(await call('fail')).toEqual({ outcome: 'failed', output: 'there is no such thing' });
    expect(await call('refuse')).toEqual({
      outcome: 'failed',
      output: 'The MCP server "trial" answers with error -32603: it will not',
    });
  });

  test('in which the server crashed is known to nobody, and the next one has a new server', async () => {
    const { call, lines } = aServer();

    expect(await call('crash')).toEqual({
      outcome: 'unknown',
      output: expect.stringContaining(
        'was lost while this call ran: the connection ended. The call may have run in part or in full',
      ),
    });
    expect(await call('echo', { text: 'again' })).toMatchObject({ outcome: 'ok', output: 'again' });
    expect(lines('calls').filter((line) => line.startsWith('crash'))).toHaveLength(1);
    expect(lines('starts')).toHaveLength(2);
  });

  test('of a tool that only looks runs again after a crash, once', async () => {
    const { call, lines } = aServer({ classes: LOOKS });

    expect(await call('crash_once')).toEqual({ outcome: 'ok', output: 'whole' });
    expect(await call('crash')).toEqual({ outcome: 'failed', output: expect.stringContaining('You may try again.') });
    expect(lines('calls').map((line) => line.split(' ')[0])).toEqual(['crash_once', 'crash_once', 'crash', 'crash']);
  });

  test('that gets no answer is given up, and its server told', async () => {
    const { call, lines } = aServer({ callMs: 300 });

    expect(await call('slow')).toEqual({
      outcome: 'unknown',
      output: expect.stringContaining('The MCP server "trial" did not answer in time. The call may have run'),
    });
    await eventually('it is cancelled', async () => lines('cancelled')[0]);
  });

  test('lasts as long as its server reports progress', async () => {
    expect(await aServer({ callMs: 400 }).call('progress')).toEqual({ outcome: 'ok', output: 'through' });
  });

  test('is cancelled at its server, once, and never after its end', async () => {
    const { call, lines } = aServer();
    await call('echo');
    const stop = new AbortController();
    const running = call('slow', {}, stop.signal);
    await eventually('it runs', async () => lines('calls').find((line) => line.startsWith('slow')));

    stop.abort(new Error('the task was cancelled'));

    await expect(running).rejects.toThrow('the task was cancelled');
    await eventually('it is cancelled', async () => lines('cancelled')[0]);
    expect(lines('cancelled')).toHaveLength(1);
  });

  test('whose answer has no end takes no memory', async () => {
    const { call } = aServer();

    expect(await call('huge')).toMatchObject({ outcome: 'unknown' });
    expect(await call('echo', { text: 'again' })).toMatchObject({ output: 'again' });
  });
});

test('a server that is closed takes with it what it started', async () => {
  const sleeper = uniqueSleep();
  const { server, call } = aServer({}, [sleeper.slice('sleep '.length)]);
  await call('leave');
  await eventually('it sleeps', async () => isRunning(sleeper) || undefined);

  await server.close();

  expect(isRunning(sleeper)).toBe(false);
});
