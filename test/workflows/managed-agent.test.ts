import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readAgentLedger } from '../managed-agents/conversation.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import { toolResultsOf } from '../support/tool-results.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

/** Two accounts of one service: which of them a task begins at is not settled. */
const MANAGED = ['openai-agents', 'openai-agents-second'] as const;
const FOUNDRY = 'foundry-agents';
const OWN_TOOLS = fileURLToPath(new URL('../../docs/examples/order-tools.ts', import.meta.url));
const WRITE = [{ name: 'exec_command', input: { cmd: 'echo made >> made.txt' } }];
const SCRIPT = [
  // What a session is told that takes over from another one.
  { when: { inputContains: 'Its result (' }, turns: [{ text: 'Done elsewhere.' }] },
  {
    when: { inputContains: 'get help' },
    turns: [
      { toolCalls: [{ name: 'spawn_agent', input: { message: 'say it plainly' } }] },
      { toolCalls: [{ name: 'wait_agent', input: { agents: ['{{result:Agent ([0-9a-f]{6})}}'] } }] },
      { text: 'Helped.' },
    ],
  },
  {
    when: { inputContains: 'cancel the order' },
    turns: [{ toolCalls: [{ name: 'cancel_order', input: { number: 'A1', reason: 'asked' } }] }, { text: 'Cancelled.' }],
  },
  { when: { inputContains: 'plainly' }, turns: [{ text: 'Plainly.' }] },
  { when: { inputContains: 'write a file' }, turns: [{ text: 'I write it.', toolCalls: WRITE }, { text: 'It is written.' }] },
  {
    when: { inputContains: 'build it first' },
    turns: [{ ownCommand: 'make', text: 'I built it.', toolCalls: WRITE }, { text: 'Done.' }],
  },
  {
    when: { inputContains: 'ask the docs' },
    turns: [{ mcpApproval: { server: 'docs', tool: 'search', arguments: { q: 'x' } } }, { text: 'Found.' }],
  },
];

let cluster: Cluster;
let workspace: string;
const folder = mkdtempSync(join(tmpdir(), 'anyport-managed-'));

beforeAll(async () => {
  workspace = layOutGitRepository(join(folder, 'repository'), { 'a.txt': 'a\n' });
  cluster = await startCluster({
    script: SCRIPT,
    endpoints: [...MANAGED, FOUNDRY, 'azure-eastus2'],
    tenants: { default: { order: ['openai', 'azure'] } },
    configuration: { tools: [OWN_TOOLS] },
  });
});
afterEach(() => Promise.all(MANAGED.map((endpoint) => cluster.clearFaults(endpoint))));
afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function setFaults(...faults: readonly object[]): Promise<void> {
  await Promise.all(MANAGED.map((endpoint) => cluster.setFaults(endpoint, faults)));
}

/** What both accounts have seen so far. */
async function seen() {
  const ledgers = await Promise.all(MANAGED.map((endpoint) => readAgentLedger(cluster.control(endpoint))));
  const sessions = ledgers.flatMap((ledger) => ledger.sessions);
  return {
    sessions: sessions.length,
    open: sessions.filter(({ closed }) => !closed).length,
    generations: ledgers.flatMap(({ generations }) => generations).length,
  };
}

async function typeOf(taskId: string): Promise<string> {
  return (await cluster.temporal.workflow.getHandle(`agent-task/${taskId}`).describe()).type;
}

describe('a task of managed agents', () => {
  test('is answered by a session, which is closed at its end', async () => {
    const { taskId } = await cluster.tasks.startManagedAgent({ prompt: 'say it plainly', model: MODEL });

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', output: 'Plainly.', turns: 1 });
    expect(result.attempts).toEqual([expect.objectContaining({ endpoint: expect.stringMatching(/^openai-agents/) })]);
    expect(result.usage.outputTokens).toBeGreaterThan(0);
    expect(await seen()).toEqual({ sessions: 1, open: 0, generations: 1 });
    expect(await typeOf(taskId)).toBe('managedAgentTask');
    expect((await cluster.tasks.status(taskId)).session).toMatch(/^sess_/);
  });

  test('has our tools run in its workspace, and their results go to the same session', async () => {
    const begun = await seen();
    const task = { prompt: 'write a file', model: MODEL, workspace, sandbox: 'none' } as const;
    const { taskId } = await cluster.tasks.startManagedAgent(task);

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', output: 'It is written.', turns: 2 });
    expect(result.diff).toContain('+made');
    expect(await seen()).toEqual({ sessions: begun.sessions + 1, open: 0, generations: begun.generations + 2 });
  });

  test("has a user's own tools, also without a workspace", async () => {
    const { taskId } = await cluster.tasks.startManagedAgent({ prompt: 'cancel the order', model: MODEL });

    expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', output: 'Cancelled.' });
    expect((await toolResultsOf(cluster.store, taskId)).map(({ output }) => output)).toEqual(['A1 is cancelled.']);
  });

  test('asks a person before the service calls a tool of an MCP server', async () => {
    const approvals = { mode: 'on-request' } as const;
    const { taskId } = await cluster.tasks.startManagedAgent({ prompt: 'ask the docs', model: MODEL, approvals });
    const waits = await eventually('it waits', async () => (await cluster.tasks.status(taskId)).approvals?.[0]);

    expect(waits.about).toBe('{"server":"docs","tool":"search","arguments":{"q":"x"}}');
    await cluster.tasks.approve(taskId, { callId: waits.callId, by: 'ada' });

    const result = await cluster.tasks.result(taskId);
    expect(result).toMatchObject({ state: 'completed', output: 'Found.' });
    expect(result.approvals).toEqual([expect.objectContaining({ tool: 'mcp_approval', by: 'ada' })]);
  });

  test('goes on in another session when its own is lost, told what happened so far', async () => {
    const begun = await seen();
    const task = { prompt: 'write a file', model: MODEL, workspace, sandbox: 'none', approvals: { mode: 'always' } } as const;
    const { taskId } = await cluster.tasks.startManagedAgent(task);
    const waits = await eventually('it waits', async () => (await cluster.tasks.status(taskId)).approvals?.[0]);
    await setFaults({ kind: 'session-lost', count: 1 });

    await cluster.tasks.approve(taskId, { callId: waits.callId, by: 'ada' });

    const result = await cluster.tasks.result(taskId);
    expect(result).toMatchObject({ state: 'completed', output: 'Done elsewhere.' });
    expect(result.diff.match(/^\+made$/gm)).toHaveLength(1);
    expect((await seen()).sessions).toBe(begun.sessions + 2);
  });

  test('says what a lost session made that no other one has: in the card at once, and in the result', async () => {
    const task = { prompt: 'build it first', model: MODEL, workspace, sandbox: 'none', approvals: { mode: 'always' } } as const;
    const { taskId } = await cluster.tasks.startManagedAgent(task);
    const waits = await eventually('it waits', async () => (await cluster.tasks.status(taskId)).approvals?.[0]);
    expect(await cluster.tasks.status(taskId)).not.toHaveProperty('leftBehind');
    await setFaults({ kind: 'session-lost', count: 1 });

    await cluster.tasks.approve(taskId, { callId: waits.callId, by: 'ada' });

    const { leftBehind } = await cluster.tasks.result(taskId);
    expect(leftBehind).toEqual(['what its commands did to the files of its environment']);
    expect((await cluster.tasks.status(taskId)).leftBehind).toEqual(leftBehind);
    const { events } = await cluster.tasks.status(taskId);
    expect(events.filter((event) => event.kind === 'turn-answered' && event.leftBehind !== undefined)).toHaveLength(1);
  });

  test('goes on at another cloud when its own is down, where it asks as it would have asked here', async () => {
    await setFaults({ kind: 'status', on: 'open', status: 503 });
    const approvals = { mode: 'on-request' } as const;
    const { taskId } = await cluster.tasks.startManagedAgent({ prompt: 'ask the docs', model: MODEL, approvals });
    const waits = await eventually('it waits', async () => (await cluster.tasks.status(taskId)).approvals?.[0]);

    await cluster.tasks.approve(taskId, { callId: waits.callId, by: 'ada' });

    const result = await cluster.tasks.result(taskId);
    expect(result).toMatchObject({ state: 'completed', output: 'Found.' });
    expect(result.attempts.at(-1)).toMatchObject({ endpoint: FOUNDRY, outcome: 'completed' });
  });

  test('keeps its type when it goes on after its end', async () => {
    const { taskId } = await cluster.tasks.startManagedAgent({ prompt: 'say it plainly', model: MODEL });
    await cluster.tasks.result(taskId);

    await cluster.tasks.send(taskId, { text: 'once more, plainly', mode: 'enqueue' });

    expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', output: 'Plainly.' });
    expect(await typeOf(taskId)).toBe('managedAgentTask');
  });

  test('has contenders and agents of its own type', async () => {
    const request = { prompt: 'say it plainly', model: MODEL, managed: true, workspace, sandbox: 'none' } as const;
    const contest = await cluster.tasks.startContest(request, { contenders: 2 });
    const { taskId } = await cluster.tasks.startManagedAgent({ ...request, prompt: 'get help', subAgents: true });

    await cluster.tasks.contestResult(contest.taskId);
    const { agents } = await cluster.tasks.result(taskId);

    const types = await Promise.all([`${contest.taskId}-1`, `${contest.taskId}-2`, agents?.[0]?.taskId ?? ''].map(typeOf));
    expect(types).toEqual(['managedAgentTask', 'managedAgentTask', 'managedAgentTask']);
  });

  test('may be a line of a batch', async () => {
    const lines = [
      { prompt: 'say it plainly', model: MODEL },
      { kind: 'managed-agent', prompt: 'say it plainly', model: MODEL },
    ];
    const file = await cluster.write('lines.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));

    const { batchId } = await cluster.tasks.submitBatch(file);

    await eventually('both ended', async () => (await cluster.tasks.batchStatus(batchId)).completed === 2 || undefined);
    const served = await Promise.all(
      [`${batchId}-1`, `${batchId}-2`].map(async (taskId) => {
        const { attempts } = await cluster.tasks.result(taskId);
        return [await typeOf(taskId), attempts.at(-1)?.endpoint];
      }),
    );
    expect(served).toEqual([
      ['agentTask', 'azure-eastus2'],
      ['managedAgentTask', expect.stringMatching(/^openai-agents/)],
    ]);
  });

  test('is not served by endpoints of models, nor are other tasks by its own', async () => {
    const { taskId } = await cluster.tasks.start({ prompt: 'say it plainly', model: MODEL });

    const result = await cluster.tasks.result(taskId);

    expect(result.attempts).toEqual([expect.objectContaining({ endpoint: 'azure-eastus2' })]);
  });

  test('outlives its worker without a second generation: what became of its input is asked', async () => {
    await setFaults({ kind: 'slow', eventDelayMs: 700 });
    const begun = await seen();
    const { taskId } = await cluster.tasks.startManagedAgent({ prompt: 'say it plainly', model: MODEL });
    await eventually('it has a session', async () => (await seen()).sessions > begun.sessions || undefined);

    cluster.worker().kill();
    await cluster.startWorker();

    const result = await cluster.tasks.result(taskId);
    expect(result).toMatchObject({ state: 'completed', output: 'Plainly.' });
    expect(await seen()).toEqual({ ...begun, sessions: begun.sessions + 1, generations: begun.generations + 1 });
  });
});
