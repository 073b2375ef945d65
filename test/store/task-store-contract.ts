/** What every implementation of `TaskStore` does. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { changeShared } from '../../activities/store/change-shared.ts';
import { TaskStoreError } from '../../activities/store/task-store.ts';
import type { TaskStore } from '../../activities/store/task-store.ts';
import type { CheckpointRecord } from '../../workflows/domain/checkpoint.ts';
import { toDeploymentId, toBatchId, toTaskId } from '../../workflows/domain/ids.ts';
import type { TranscriptItem } from '../../workflows/domain/transcript.ts';
import { EMPTY_TRANSCRIPT } from '../../workflows/domain/transcript.ts';
import { aFailure, deploymentAt } from '../support/builders.ts';

export interface StoreUnderTest {
  /** A further connection to the same store, as another process has. */
  open(): Promise<TaskStore>;
  remove(): Promise<void>;
}

const TASK = toTaskId('task-1');
const HELLO: TranscriptItem = { kind: 'user-message', text: 'hello' };
const HI: TranscriptItem = { kind: 'assistant-message', text: 'hi \ud83d\ude00 \u0000 \ud800' };
const KEY = { taskId: TASK, turn: 1, attempt: 1 };
const CALL = { taskId: TASK, turn: 1, callId: 'call \u0000\ud800' };
const USAGE = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningTokens: 0 };

let store: TaskStore;
let other: TaskStore;

/** Every implementation passes these; `store` and `other` are two connections to one and the same store. */
export function testTaskStore(create: () => Promise<StoreUnderTest>): void {
  let under: StoreUnderTest;

  beforeEach(async () => {
    under = await create();
    [store, other] = await Promise.all([under.open(), under.open()]);
  });
  afterEach(async () => {
    await Promise.all([store.close(), other.close()]);
    await under.remove();
  });
  testTranscripts();
  testJournals();
  testSharedRecords();
  testOpenActivities();
  testCheckpoints();
  testTheRest();
}

function testTranscripts(): void {
  test('gives equal items the same id, whatever the order of their fields', async () => {
    const ids = await store.putItems(TASK, [HELLO, { text: 'hello', kind: 'user-message' }]);

    expect(ids[0]).toHaveLength(22);
    expect(ids[1]).toBe(ids[0]);
  });

  test('gives back every character of an item, half surrogates and NUL too', async () => {
    const [id = ''] = await store.putItems(TASK, [HI]);

    expect(await other.getItem(TASK, id)).toEqual(HI);
  });

  test('keeps the items of one task from another', async () => {
    const [id = ''] = await store.putItems(TASK, [HELLO]);

    await expect(store.getItem(toTaskId('task-2'), id)).rejects.toThrow(TaskStoreError);
  });

  test('reads a chain oldest first, and an old head stays valid', async () => {
    const [hello = '', hi = ''] = await store.putItems(TASK, [HELLO, HI]);
    const first = await store.appendToTranscript(TASK, EMPTY_TRANSCRIPT, [hello]);
    const second = await store.appendToTranscript(TASK, first, [hi, hello]);

    expect(await other.readTranscript(TASK, second)).toEqual([HELLO, HI, HELLO]);
    expect(await other.readTranscript(TASK, first)).toEqual([HELLO]);
    expect(await store.appendToTranscript(TASK, first, [hi, hello])).toBe(second);
  });

  test('refuses to extend what it does not have', async () => {
    const [hello = ''] = await store.putItems(TASK, [HELLO]);

    await expect(store.appendToTranscript(TASK, 'nowhere', [hello])).rejects.toThrow('transcript nowhere');
    await expect(store.appendToTranscript(TASK, EMPTY_TRANSCRIPT, ['nothing'])).rejects.toThrow('item nothing');
    await expect(store.readTranscript(TASK, 'nowhere')).rejects.toThrow(TaskStoreError);
  });

  test('lets exactly one of two starters begin an attempt', async () => {
    const started = await Promise.all([store, other].map((each) => each.startAttempt(KEY, deploymentAt('openai'))));

    expect(started.filter(({ isNew }) => isNew)).toHaveLength(1);
  });
}

function testJournals(): void {
  test('never overwrites the end of an attempt', async () => {
    const answer = { head: 'h', items: [], usage: USAGE, costUsdMicros: 3 };
    await store.startAttempt(KEY, deploymentAt('openai'));
    await store.updateAttempt(KEY, { kind: 'submitted', responseId: 'r', background: true });
    await store.updateAttempt(KEY, { kind: 'completed', answer });

    const after = await other.updateAttempt(KEY, { kind: 'failed', failure: aFailure() });

    expect(after.state).toEqual({ kind: 'completed', answer });
    expect(await store.listAttempts(TASK)).toEqual([after]);
  });

  test('lets one of two senders have an attempt, and none once it was sent', async () => {
    await store.startAttempt(KEY, deploymentAt('openai'));
    const claims = await Promise.all([
      store.updateAttempt(KEY, { kind: 'sending', sender: 'a' }),
      other.updateAttempt(KEY, { kind: 'sending', sender: 'b' }),
    ]);
    const [first, second] = claims.map(({ state }) => state);
    expect(first).toEqual(second);

    await store.updateAttempt(KEY, { kind: 'submitted', responseId: 'r', background: true });
    const late = await other.updateAttempt(KEY, { kind: 'sending', sender: 'c' });

    expect(late.state).toMatchObject({ kind: 'submitted' });
  });

  test('keeps the reserve that the starter of an attempt wrote with it, and no later one', async () => {
    await store.startAttempt(KEY, deploymentAt('openai'), { cloud: 'openai', usdMicros: 5 });
    await other.startAttempt(KEY, deploymentAt('openai'), { cloud: 'openai', usdMicros: 9 });
    await store.startAttempt({ ...KEY, attempt: 2 }, deploymentAt('openai'));

    expect((await other.listAttempts(TASK)).map(({ reserve }) => reserve)).toEqual([
      { cloud: 'openai', usdMicros: 5 },
      undefined,
    ]);
  });

  test('refuses to move an attempt that was never started', async () => {
    await expect(store.updateAttempt(KEY, { kind: 'cancelled' })).rejects.toThrow('never started');
  });

  test('counts the starts of a tool call and keeps its first result', async () => {
    await store.startToolCall(CALL, 'exec_command', 'workspace');
    await other.startToolCall(CALL, 'exec_command', 'workspace');
    await store.finishToolCall(CALL, { item: 'a', outcome: 'ok' });

    const entry = await other.finishToolCall(CALL, { item: 'b', outcome: 'failed' });

    expect(entry).toMatchObject({ key: CALL, starts: 2, result: { item: 'a', outcome: 'ok' } });
    expect(await store.listToolCalls(TASK)).toEqual([entry]);
  });
}

function testSharedRecords(): void {
  test('lets exactly one of two writers change a shared record, and both see what it wrote', async () => {
    const written = await Promise.all([store, other].map((each, index) => each.compareAndSetShared('a', 0, { by: index })));

    expect(written.filter(Boolean)).toHaveLength(1);
    expect(await store.readShared(['a', 'never written'])).toEqual([
      { key: 'a', epoch: 1, value: { by: written.indexOf(true) } },
    ]);
    expect(await other.compareAndSetShared('a', 1, 'next')).toBe(true);
    expect(await store.compareAndSetShared('a', 1, 'late')).toBe(false);
    expect(await store.compareAndSetShared('b', 1, 'not there')).toBe(false);
    expect(await store.readShared(['a', 'b'])).toEqual([{ key: 'a', epoch: 2, value: 'next' }]);
  });

  test('writes nothing when a change leaves a shared record as it is', async () => {
    const same = { count: 1 };
    await changeShared(store, 'a', () => same);

    expect(await changeShared<object>(other, 'a', (before) => before)).toEqual(same);
    expect(await changeShared<object>(other, 'b', () => undefined)).toBeUndefined();
    expect(await store.readShared(['a', 'b'])).toMatchObject([{ epoch: 1 }]);
  });
}

function testOpenActivities(): void {
  const activity = { workflowId: 'agent-task/task-1', runId: 'run', activityId: '7' };

  test('knows what a worker has open until it is closed, whichever worker took it last', async () => {
    await store.openActivity(activity, 'dead', 1);
    await store.openActivity({ ...activity, activityId: '8' }, 'dead', 1);
    await other.openActivity(activity, 'heir', 2);

    await store.closeActivity(activity, 'dead');

    expect(await other.listOpenActivities('dead')).toEqual([{ ...activity, activityId: '8' }]);
    expect(await store.listOpenActivities('heir')).toEqual([activity]);
    await other.closeActivity(activity, 'heir');
    expect(await store.listOpenActivities('heir')).toEqual([]);
  });

  test('brings a request to stop to every owner, and to one that takes the activity over', async () => {
    await store.openActivity(activity, 'owner', 1);
    await store.openActivity({ ...activity, runId: 'other' }, 'owner', 1);

    await other.requestStop({ workflowId: activity.workflowId, runId: 'run' });
    await store.openActivity(activity, 'heir', 2);

    expect(await store.listStopRequests('owner')).toEqual([]);
    expect(await store.listStopRequests('heir')).toEqual([activity]);
  });

  test('forgets what was opened long ago', async () => {
    await store.openActivity(activity, 'owner', 1);
    await store.openActivity({ ...activity, activityId: '8' }, 'owner', 5);

    expect(await store.forgetOpenActivities(5)).toBe(1);
    expect(await other.listOpenActivities('owner')).toEqual([{ ...activity, activityId: '8' }]);
  });
}

function testCheckpoints(): void {
  const workspace = { hostId: 'h', directory: '/d', repository: '/r', baseCommit: 'c', baseTree: 't', sandbox: 'none' } as const;

  test('lets one of several hosts claim a workspace, and tells the others whose it is', async () => {
    const claims = await Promise.all([
      store.claimWorkspace(TASK, null, { ...workspace, hostId: 'a' }),
      other.claimWorkspace(TASK, null, { ...workspace, hostId: 'b' }),
    ]);
    expect(claims[0]).toEqual(claims[1]);
    const held = claims[0].hostId;

    expect(await other.claimWorkspace(TASK, 'somebody else', { ...workspace, hostId: 'c' })).toMatchObject({ hostId: held });
    expect(await other.claimWorkspace(TASK, held, { ...workspace, hostId: 'c' })).toMatchObject({ hostId: 'c' });
    expect(await store.getWorkspace(TASK)).toEqual({ ...workspace, hostId: 'c' });
    await expect(store.claimWorkspace(toTaskId('task-2'), 'h', workspace)).rejects.toThrow(TaskStoreError);
  });

  test('keeps the first checkpoint of a sequence, and finds each by sequence, step and as the last', async () => {
    await store.putWorkspace(TASK, workspace);
    const [opening, first, second] = [aCheckpoint(0), aCheckpoint(1), aCheckpoint(2, { turn: 1 })];
    for (const checkpoint of [second, opening, first]) await store.putCheckpoint(TASK, 'h', checkpoint);

    expect(await other.putCheckpoint(TASK, 'h', { ...first, tree: 'late' })).toEqual(first);
    expect(await other.listCheckpoints(TASK)).toEqual([opening, first, second]);
    expect(await other.findCheckpoint(TASK, { kind: 'last' })).toEqual(second);
    expect(await other.findCheckpoint(TASK, { kind: 'sequence', sequence: 1 })).toEqual(first);
    expect(await other.findCheckpoint(TASK, { kind: 'step', turn: 1, callId: first.callId })).toEqual(second);
    expect(await other.findCheckpoint(TASK, { kind: 'step', turn: 9, callId: first.callId })).toBeUndefined();
    expect(await other.findCheckpoint(toTaskId('task-2'), { kind: 'last' })).toBeUndefined();
    expect(await other.listCheckpoints(toTaskId('task-2'))).toEqual([]);
  });

  test('refuses the checkpoint of a host that does not have the workspace', async () => {
    expect(await store.putCheckpoint(TASK, 'h', aCheckpoint(0))).toBeUndefined();
    await store.putWorkspace(TASK, workspace);

    expect(await store.putCheckpoint(TASK, 'zombie', aCheckpoint(0))).toBeUndefined();
    expect(await other.listCheckpoints(TASK)).toEqual([]);
  });

  test('gives back every byte of a pack, and keeps the first of a part', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await store.putPackPart('pack', 0, bytes);
    await other.putPackPart('pack', 0, new Uint8Array([1]));
    await store.putPackPart('pack', 1, new Uint8Array());

    expect(await other.getPackPart('pack', 0)).toEqual(bytes);
    expect(await other.getPackPart('pack', 1)).toEqual(new Uint8Array());
    expect(await other.getPackPart('pack', 2)).toBeUndefined();
  });
}

function aCheckpoint(sequence: number, overrides: Partial<CheckpointRecord> = {}): CheckpointRecord {
  const pack = { id: `pack-${sequence}`, bytes: 10, parts: 1 };
  const leftOut = [{ path: 'caf\u00c3\u00a9\u00ff', bytes: 9, reason: 'too-large' }] as const;
  const named = { commit: `commit-${sequence}`, tree: `tree-${sequence}`, parent: `parent-${sequence}` };
  return {
    ...{
      sequence,
      turn: sequence,
      callId: 'call \u0000\ud800',
      ...named,
      pack,
      changedFiles: 1,
      leftOut,
      emptyFolders: [],
      atMs: 1,
    },
    ...overrides,
  };
}

function testTheRest(): void {
  test('keeps settings, workspaces and lines of batches', async () => {
    const settings = { instructions: 'do', tools: ['read_file'] };
    const workspace = {
      hostId: 'h',
      directory: '/d',
      repository: '/r',
      baseCommit: 'c',
      baseTree: 't',
      sandbox: 'none',
    } as const;
    const batch = toBatchId('batch-1');
    await store.putSettings(TASK, settings);
    await store.putWorkspace(TASK, workspace);
    await store.putBatchLines(batch, [{ line: 2, request: { prompt: 'p', model: 'm' } }]);

    expect(await other.getSettings(TASK)).toEqual(settings);
    expect(await other.getWorkspace(TASK)).toEqual(workspace);
    expect(await other.getWorkspace(toTaskId('task-2'))).toBeUndefined();
    expect(await other.getBatchLine(batch, 2)).toEqual({ prompt: 'p', model: 'm' });
    await expect(store.getBatchLine(batch, 1)).rejects.toThrow('line 1');
    await expect(store.getSettings(toTaskId('task-2'))).rejects.toThrow('never opened');
  });

  test('keeps the sessions of managed agents, each as it was told last', async () => {
    const seen = { items: 2, digest: 'd-2' };
    const record = { deployment: toDeploymentId('openai', 'gpt-6.1-sol'), generation: 1, seen };
    const later = { ...record, sessionId: 'sess_1', pending: { key: 'k', asked: { items: 3, digest: 'd-3' } } };

    await store.putAgentSession(TASK, record);
    await other.putAgentSession(TASK, { ...record, generation: 2 });
    await store.putAgentSession(TASK, later);

    expect(await other.listAgentSessions(TASK)).toEqual([later, { ...record, generation: 2 }]);
    expect(await store.listAgentSessions(toTaskId('another'))).toEqual([]);
  });

  test('keeps the first message of a request id, whatever comes under it later', async () => {
    const message = { requestId: 'r-1', item: 'item-1', run: 'run-1' };

    expect(await store.putMessage(TASK, message)).toEqual(message);
    expect(await other.putMessage(TASK, { requestId: 'r-1', item: 'item-2', run: 'run-2' })).toEqual(message);
    expect(await store.putMessage(TASK, { ...message, requestId: 'r-2' })).toEqual({ ...message, requestId: 'r-2' });
    expect(await store.putMessage(toTaskId('another'), { ...message, item: 'item-3' })).toEqual({ ...message, item: 'item-3' });
  });
}
