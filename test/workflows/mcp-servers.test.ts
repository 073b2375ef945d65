/** MCP servers of a real worker, which may be killed in the middle of a call. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAlive } from '../dev/is-alive.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';
import { toolResultsOf } from '../support/tool-results.ts';

const SERVER = fileURLToPath(new URL('../mcp/stdio-server.ts', import.meta.url));
const notes = mkdtempSync(join(tmpdir(), 'anyport-mcp-'));

function call(tool: string, input: object = {}) {
  return { name: `mcp__trial__${tool}`, input };
}

const SCRIPT = [
  {
    when: { inputContains: 'say three things' },
    turns: [{ toolCalls: ['one', 'two', 'three'].map((text) => call('echo', { text })) }, { text: 'Said.' }],
  },
  { when: { inputContains: 'send it off' }, turns: [{ toolCalls: [call('slow')] }, { text: 'I shall look.' }] },
  { when: { inputContains: 'look it up' }, turns: [{ toolCalls: [call('slow_once')] }, { text: 'Found.' }] },
  { when: { inputContains: 'see a picture' }, turns: [{ toolCalls: [call('picture')] }, { text: 'Seen.' }] },
];

let cluster: Cluster;

beforeAll(async () => {
  const tools = { echo: { risk: 'none', retryClass: 'read-only' }, slow_once: { retryClass: 'read-only' } };
  const trial = { command: process.execPath, args: [SERVER, notes], tools, denyTools: ['crash*'] };
  cluster = await startCluster({
    script: SCRIPT,
    endpoints: ['azure-eastus2'],
    tenants: { strange: {} },
    configuration: { mcpServers: { trial: { ...trial, tenants: ['default'] } } },
  });
});
afterAll(() => cluster.stop());

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(join(notes, file), 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
}

function callsOf(tool: string): readonly string[] {
  return linesOf('calls').filter((line) => line.startsWith(`${tool} `));
}

async function run(prompt: string, more: object = {}): Promise<string> {
  const { taskId } = await cluster.tasks.start({ prompt, model: MODEL, ...more });
  return taskId;
}

describe('a task', () => {
  test('has calls that only look run side by side, in a server that is started once', async () => {
    const taskId = await run('say three things');

    expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', output: 'Said.' });
    const results = await toolResultsOf(cluster.store, taskId);
    expect(results.map(({ output }) => output).toSorted()).toEqual(['one', 'three', 'two']);
    expect(linesOf('starts')).toHaveLength(1);
    expect(new Set(callsOf('echo'))).toHaveProperty('size', 3);
  });

  test('of another tenant has none of these tools', async () => {
    const taskId = await run('say three things', { tenant: 'strange' });

    await cluster.tasks.result(taskId);

    const results = await toolResultsOf(cluster.store, taskId);
    expect(results.map(({ outcome, output }) => [outcome, output])).toEqual(
      Array.from({ length: 3 }, () => ['refused', 'This task has no workspace and no tools. Answer without calling any.']),
    );
  });

  test('is shown pictures', async () => {
    const taskId = await run('see a picture');

    await cluster.tasks.result(taskId);

    expect(await toolResultsOf(cluster.store, taskId)).toMatchObject([{ outcome: 'ok', images: [{ mediaType: 'image/png' }] }]);
  });
});

describe('when the worker is killed in a call', () => {
  test('that reaches beyond the task, it is not made again, and the server is gone with the worker', async () => {
    const taskId = await run('send it off');
    await eventually('the call runs', async () => callsOf('slow')[0]);
    const [server] = linesOf('starts');
    cluster.worker().kill();
    await eventually('the server is gone', async () => !isAlive(Number(server)) || undefined);
    await cluster.startWorker();

    expect(await cluster.tasks.result(taskId)).toMatchObject({
      state: 'completed',
      output: 'I shall look.',
      toolEffectsTwice: 0,
    });

    expect(await toolResultsOf(cluster.store, taskId)).toMatchObject([
      { outcome: 'unknown', output: expect.stringContaining('The host was lost while this call ran') },
    ]);
    expect(callsOf('slow')).toHaveLength(1);
  });

  test('that only looks, it is made again under the same key', async () => {
    const taskId = await run('look it up');
    await eventually('the call runs', async () => callsOf('slow_once')[0]);
    cluster.worker().kill();
    await cluster.startWorker();

    expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', output: 'Found.' });

    expect(await toolResultsOf(cluster.store, taskId)).toMatchObject([{ outcome: 'ok', output: 'whole' }]);
    expect(callsOf('slow_once')).toHaveLength(2);
    expect(new Set(callsOf('slow_once')).size).toBe(1);
  });
});
