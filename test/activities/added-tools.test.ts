/** Tools that are not built in: what a task is offered of them, and how `runTool` runs them. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { createRunTool } from '../../activities/run-tool.ts';
import { createSandbox } from '../../activities/sandbox/create-sandbox.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { TaskStore } from '../../activities/store/task-store.ts';
import { toTurnAnswer } from '../../activities/turn-answer.ts';
import { definitionsOf, stricterClass, withAdded } from '../../activities/tools/added-tools.ts';
import { CommandSessions } from '../../activities/tools/command-sessions.ts';
import type { OwnTool, ToolCallContext } from '../../activities/tools/define-tool.ts';
import { defineTool } from '../../activities/tools/define-tool.ts';
import { createOwnTools } from '../../activities/tools/own-tools.ts';
import type { WorkspaceKeeper } from '../../activities/workspace/workspace-keeper.ts';
import type { RunToolResult } from '../../workflows/activity-interfaces.ts';
import type { ApprovalPolicy } from '../../workflows/domain/approval.ts';
import { aToolCall } from '../support/builders.ts';
import type { Host } from '../workspace/keeper-scene.ts';
import { aScene, scratchFolder, TASK } from '../workspace/keeper-scene.ts';

function aTool(overrides: Partial<Parameters<typeof defineTool>[0]> = {}, seen: ToolCallContext[] = []): OwnTool {
  return defineTool({
    name: 'note',
    description: 'Writes something down.',
    parameters: z.object({}),
    run(_args, context) {
      seen.push(context);
      return 'noted';
    },
    ...overrides,
  });
}

const boxOf = (tools: readonly OwnTool[]) => createOwnTools({ tools, alert: () => undefined });

interface Worker {
  readonly store: TaskStore;
  readonly tools: readonly OwnTool[];
  readonly keeper?: WorkspaceKeeper;
}

/** Opens the task with these tools. */
async function offer(store: TaskStore, tools: readonly OwnTool[], approvals?: ApprovalPolicy): Promise<void> {
  const policy = approvals === undefined ? {} : { approvals };
  await store.putSettings(TASK, { instructions: '', ...withAdded([], await boxOf(tools).offer('default')), ...policy });
}

async function call({ store, tools, keeper }: Worker, overrides = {}): Promise<RunToolResult> {
  const runTool = createRunTool({
    store,
    hostId: 'h',
    findTool: () => undefined,
    addedTools: boxOf(tools),
    sandboxOf: ({ sandbox }) => createSandbox(sandbox),
    // Of a task without a workspace nobody keeps anything.
    keeper: keeper ?? ({} as WorkspaceKeeper),
    sessions: new CommandSessions(),
    allowsEscalation: false,
  });
  const asked = aToolCall({ name: 'note', input: { kind: 'json', text: '{}' }, ...overrides });
  const [item = ''] = await store.putItems(TASK, [asked]);
  const execution = { workflowId: `agent-task/${TASK}`, runId: 'run' };
  const activity = () => runTool({ turn: 4, callId: asked.callId, item });
  const environment = new MockActivityEnvironment({ workflowExecution: execution });
  return environment.run<[], RunToolResult, typeof activity>(activity);
}

async function aStore(): Promise<TaskStore> {
  const store = await openSqliteTaskStore(join(scratchFolder(), 'a.db'));
  onTestFinished(() => store.close());
  return store;
}

async function outputOf(store: TaskStore, result: RunToolResult): Promise<string> {
  if (!('item' in result)) throw new Error('it did not run');
  const item = await store.getItem(TASK, result.item);
  return item.kind === 'tool-result' ? item.output : '';
}

describe('in a task without a workspace', () => {
  test('a call runs, and is told what it may do twice by', async () => {
    const store = await aStore();
    const seen: ToolCallContext[] = [];
    const tools = [aTool({}, seen)];
    await offer(store, tools);

    const result = await call({ store, tools });

    expect(result).toMatchObject({ outcome: 'ok' });
    expect(await outputOf(store, result)).toBe('noted');
    expect(seen).toEqual([{ taskId: TASK, callId: 'call_1', idempotencyKey: 'task-1/4/call_1', signal: expect.anything() }]);
  });

  test('a call that a worker died in is not run again, unless it only looks', async () => {
    const store = await aStore();
    const seen: ToolCallContext[] = [];
    const tools = [aTool({}, seen), aTool({ name: 'look', retryClass: 'read-only' }, seen)];
    await offer(store, tools);
    const key = { taskId: TASK, turn: 4 };
    await store.startToolCall({ ...key, callId: 'a' }, 'note', 'external');
    await store.startToolCall({ ...key, callId: 'b' }, 'look', 'read-only');

    const lost = await call({ store, tools }, { callId: 'a' });
    const again = await call({ store, tools }, { callId: 'b', name: 'look' });

    expect([lost, again]).toMatchObject([{ outcome: 'unknown' }, { outcome: 'ok' }]);
    expect(seen.map(({ callId }) => callId)).toEqual(['b']);
  });

  test('a person is asked where the policy says so', async () => {
    const store = await aStore();
    const tools = [aTool(), aTool({ name: 'look', risk: 'none', retryClass: 'read-only' })];
    await offer(store, tools, { mode: 'on-request' });

    expect(await call({ store, tools })).toMatchObject({ approval: { rule: { kind: 'tool', tool: 'note' } } });
    expect(await call({ store, tools }, { name: 'look', callId: 'b' })).toMatchObject({ outcome: 'ok' });
  });

  test('a worker that has the tool no more refuses the call', async () => {
    const store = await aStore();
    await offer(store, [aTool()]);

    const result = await call({ store, tools: [aTool({ name: 'another' })] });

    expect(result).toMatchObject({ outcome: 'refused' });
    expect(await outputOf(store, result)).toBe(
      'The worker that has this task does not have the tool "note", or no more. Do without it.',
    );
  });

  test('a tool that the worker has and the task was not offered is not there', async () => {
    const store = await aStore();
    await offer(store, [aTool()]);

    const result = await call({ store, tools: [aTool(), aTool({ name: 'new' })] }, { name: 'new' });

    expect(await outputOf(store, result)).toBe('There is no tool "new". The tools are: note.');
  });
});

describe('in a workspace', () => {
  async function aWorkspace() {
    const scene = await aScene({ 'a.txt': 'one\n' });
    const host: Host = scene.host('h');
    const { directory } = await scene.open(host);
    return { store: scene.store, keeper: host.keeper, file: join(directory, 'a.txt'), directory };
  }

  test('a call that changed files when its worker died finds them as they were, and runs again', async () => {
    const { store, keeper, file, directory } = await aWorkspace();
    const found: string[] = [];
    const run: Parameters<typeof defineTool>[0]['run'] = (_args, { workspace = '' }) => {
      found.push(readFileSync(join(workspace, 'a.txt'), 'utf8'));
      writeFileSync(join(workspace, 'a.txt'), 'two\n');
      return 'done';
    };
    const tools = [aTool({ retryClass: 'workspace', risk: 'workspace', run })];
    await offer(store, tools);
    await store.startToolCall({ taskId: TASK, turn: 4, callId: 'call_1' }, 'note', 'workspace');
    writeFileSync(file, 'half\n');
    writeFileSync(join(directory, 'left.txt'), '');

    expect(await call({ store, tools, keeper })).toMatchObject({ outcome: 'ok' });

    expect(found).toEqual(['one\n']);
    expect(existsSync(join(directory, 'left.txt'))).toBe(false);
    expect(await store.listCheckpoints(TASK)).toMatchObject([{ sequence: 0 }, { turn: 4, callId: 'call_1' }]);
  });

  test('a call that only looks leaves no checkpoint', async () => {
    const { store, keeper } = await aWorkspace();
    const seen: ToolCallContext[] = [];
    const tools = [aTool({ retryClass: 'read-only' }, seen)];
    await offer(store, tools);

    await call({ store, tools, keeper });

    expect(await store.listCheckpoints(TASK)).toHaveLength(1);
    expect(seen).toMatchObject([{ workspace: (await store.getWorkspace(TASK))?.directory }]);
  });
});

test('calls of an answer run side by side where the task was offered them as looking only', async () => {
  const store = await aStore();
  await offer(store, [aTool(), aTool({ name: 'look', retryClass: 'read-only' })]);
  const items = await store.putItems(TASK, [aToolCall({ name: 'note' }), aToolCall({ name: 'look' }), aToolCall()]);
  const usage = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningTokens: 0 };

  const { calls } = await toTurnAnswer(
    { store, isSideBySide: (name) => name === 'read_file' },
    { key: { taskId: TASK, turn: 1, attempt: 1 }, answer: { head: 'h', items, usage, costUsdMicros: 0 }, served: undefined },
  );

  expect(calls.map(({ name, sideBySide }) => [name, sideBySide])).toEqual([
    ['note', undefined],
    ['look', true],
    ['read_file', true],
  ]);
});

test('a task is told of its tools as they were when it was opened, in their order', async () => {
  const added = await boxOf([aTool({ description: 'Then.' })]).offer('default');
  const builtIn = (names: readonly string[]) =>
    names.map((name) => ({ name, description: 'Built in.', form: { kind: 'freeform' } as const }));

  const told = definitionsOf(withAdded(['shell'], added), builtIn);

  expect(told.map(({ name, description }) => [name, description])).toEqual([
    ['shell', 'Built in.'],
    ['note', 'Then.'],
  ]);
});

test('no more tools are offered than a request has room for', async () => {
  const added = await boxOf(Array.from({ length: 200 }, (_, index) => aTool({ name: `t${index}` }))).offer('default');

  expect(withAdded(['a', 'b'], added).tools).toHaveLength(128);
});

test('of two classes of a tool the more careful one counts', () => {
  const looking = { retryClass: 'read-only', risk: 'external' } as const;
  const writing = { retryClass: 'workspace', risk: 'workspace' } as const;

  expect(stricterClass(looking, writing)).toEqual({ retryClass: 'workspace', risk: 'external' });
  expect(stricterClass(writing, looking)).toEqual({ retryClass: 'workspace', risk: 'external' });
});
