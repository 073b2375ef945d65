/** What becomes of a call that runs while Temporal has it tried again, because it was away itself. */
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { createRunTool } from '../../activities/run-tool.ts';
import { createSandbox } from '../../activities/sandbox/create-sandbox.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import { withAdded } from '../../activities/tools/added-tools.ts';
import { CommandSessions } from '../../activities/tools/command-sessions.ts';
import { defineTool } from '../../activities/tools/define-tool.ts';
import { createOwnTools } from '../../activities/tools/own-tools.ts';
import type { WorkspaceKeeper } from '../../activities/workspace/workspace-keeper.ts';
import type { RunToolResult } from '../../workflows/activity-interfaces.ts';
import { aToolCall } from '../support/builders.ts';
import { scratchFolder, TASK } from '../workspace/keeper-scene.ts';

interface Try {
  readonly result: Promise<RunToolResult>;
  /** Temporal says that it does not know this try any more. */
  giveUp(): void;
  /** Its worker has heard nothing of Temporal for longer than a heartbeat may take. */
  losesTouch(): void;
  cancel(): void;
}

interface Scene {
  /** The call as Temporal has it tried. */
  tryCall(startToCloseTimeoutMs?: number): Promise<Try>;
  /** Calls of the tool, with their signals. */
  readonly runs: readonly AbortSignal[];
  /** Lets the tool come to its end. */
  finish(): void;
}

async function aScene(successorMs: number): Promise<Scene> {
  const store = await openSqliteTaskStore(join(scratchFolder(), 'a.db'));
  onTestFinished(() => store.close());
  const end = Promise.withResolvers<string>();
  const runs: AbortSignal[] = [];
  const tool = defineTool({
    name: 'note',
    description: 'Writes something down.',
    parameters: z.object({}),
    run: (_args, { signal }) => {
      runs.push(signal);
      return Promise.race([end.promise, new Promise<string>((done) => signal.addEventListener('abort', () => done('ended')))]);
    },
  });
  const addedTools = createOwnTools({ tools: [tool], alert: () => undefined });
  const runTool = createRunTool({
    ...{ store, addedTools, successorMs },
    hostId: 'h',
    findTool: () => undefined,
    sandboxOf: ({ sandbox }) => createSandbox(sandbox),
    // Of a task without a workspace nobody keeps anything.
    keeper: {} as WorkspaceKeeper,
    sessions: new CommandSessions(),
    allowsEscalation: false,
  });
  await store.putSettings(TASK, { instructions: '', ...withAdded([], await addedTools.offer('default')) });
  const asked = aToolCall({ name: 'note', input: { kind: 'json', text: '{}' } });
  const [item = ''] = await store.putItems(TASK, [asked]);
  const activity = () => runTool({ turn: 1, callId: asked.callId, item });
  const tryCall = async (startToCloseTimeoutMs = 60_000): Promise<Try> => {
    const workflowExecution = { workflowId: `agent-task/${TASK}`, runId: 'run' };
    const environment = new MockActivityEnvironment({ workflowExecution, startToCloseTimeoutMs });
    const result = environment.run<[], RunToolResult, typeof activity>(activity);
    result.catch(() => undefined);
    // Whether it runs or waits, it has begun by then.
    await pause(50);
    return {
      result,
      giveUp: () => environment.cancel('NOT_FOUND', new ActivityCancellationDetails({ notFound: true })),
      losesTouch: () => environment.cancel('TIMED_OUT', new ActivityCancellationDetails({ timedOut: true })),
      cancel: () => environment.cancel('CANCELLED', new ActivityCancellationDetails({ cancelRequested: true })),
    };
  };
  return { tryCall, runs, finish: () => end.resolve('noted') };
}

test('a further try waits for the one that runs and has its result: it is neither ended nor run twice', async () => {
  const scene = await aScene(20);
  const first = await scene.tryCall();
  const second = await scene.tryCall();
  first.giveUp();
  await pause(100);
  scene.finish();

  expect(await second.result).toMatchObject({ outcome: 'ok' });
  expect(await second.result).toEqual(await first.result);
  expect(scene.runs.map(({ aborted }) => aborted)).toEqual([false]);
});

test('one that Temporal has given up is ended when no further one comes', async () => {
  const scene = await aScene(20);
  const first = await scene.tryCall();
  first.giveUp();

  await expect(first.result).rejects.toThrow(/abort|cancel|NOT_FOUND/i);
  expect(scene.runs.map(({ aborted }) => aborted)).toEqual([true]);
});

test('one that has lost touch goes on, since Temporal may be away, and a further one has its result', async () => {
  const scene = await aScene(20);
  const first = await scene.tryCall();
  first.losesTouch();
  await pause(100);
  const second = await scene.tryCall();
  scene.finish();

  expect(await second.result).toMatchObject({ outcome: 'ok' });
  expect(await second.result).toEqual(await first.result);
  expect(scene.runs.map(({ aborted }) => aborted)).toEqual([false]);
});

test('one that has lost touch is ended by a cancel of the further one, and when its time is over', async () => {
  const [cancelled, overdue] = [await aScene(20), await aScene(20)];
  const [first, alone] = [await cancelled.tryCall(), await overdue.tryCall(200)];
  first.losesTouch();
  alone.losesTouch();
  const second = await cancelled.tryCall();
  second.cancel();

  await expect(first.result).rejects.toThrow(/abort|cancel|TIMED_OUT/i);
  await expect(alone.result).rejects.toThrow(/abort|cancel|TIMED_OUT/i);
  expect([...cancelled.runs, ...overdue.runs].map(({ aborted }) => aborted)).toEqual([true, true]);
});

test('a cancel ends what runs, also when it is told to the further try', async () => {
  const scene = await aScene(0);
  const first = await scene.tryCall();
  const second = await scene.tryCall();
  first.giveUp();
  await pause(100);
  second.cancel();

  await expect(first.result).rejects.toThrow(/abort|cancel|NOT_FOUND/i);
  expect(scene.runs.map(({ aborted }) => aborted)).toEqual([true]);
  expect(await second.result).toMatchObject({ outcome: 'unknown' });
});

test('a cancel of the only try ends it at once', async () => {
  const scene = await aScene(60_000);
  const first = await scene.tryCall();
  first.cancel();

  await expect(first.result).rejects.toThrow(/abort|cancel|NOT_FOUND/i);
  expect(scene.runs.map(({ aborted }) => aborted)).toEqual([true]);
});

test('one that has taken all of its time is ended at once, and the further one does not wait for it', async () => {
  const scene = await aScene(1_000);
  const first = await scene.tryCall(1_010);
  const second = scene.tryCall();
  await pause(50);
  first.giveUp();

  await expect(first.result).rejects.toThrow(/abort|cancel|NOT_FOUND/i);
  expect(await (await second).result).toMatchObject({ outcome: 'unknown' });
  expect(scene.runs.map(({ aborted }) => aborted)).toEqual([true]);
});
