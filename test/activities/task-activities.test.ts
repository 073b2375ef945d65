import { MockActivityEnvironment } from '@temporalio/testing';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCollectDiff } from '../../activities/collect-diff.ts';
import { createExplainEndpoint } from '../../activities/explain-endpoint.ts';
import { createFinishTask } from '../../activities/finish-task.ts';
import { createOpenTask } from '../../activities/open-task.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import { CommandSessions } from '../../activities/tools/command-sessions.ts';
import { createOwnTools } from '../../activities/tools/own-tools.ts';
import { workspaceDirectory } from '../../activities/workspace/move-workspace.ts';
import { openWorkspace } from '../../activities/workspace/open-workspace.ts';
import { createWorkspaceKeeper } from '../../activities/workspace/workspace-keeper.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import { EMPTY_TRANSCRIPT } from '../../workflows/domain/transcript.ts';
import { aFailure, deploymentAt, MODEL } from '../support/builders.ts';
import { layOutGitRepository } from '../support/git-repository.ts';

const TASK = toTaskId('task-1');
function inTask<Result>(activity: () => Promise<Result>): Promise<Result> {
  const environment = new MockActivityEnvironment({ workflowExecution: { workflowId: `agent-task/${TASK}`, runId: 'run' } });
  return environment.run<[], Result, () => Promise<Result>>(activity);
}

test('a result counts lost attempts that were made again, and effects that were started again', async () => {
  const store = await openSqliteTaskStore(join(await mkdtemp(join(tmpdir(), 'anyport-activities-')), 'a.db'));
  const addedTools = createOwnTools({ tools: [], alert: () => undefined });
  const noTools = { workspaceTools: () => ['exec_command'], findTool: () => undefined, addedTools };
  const openTask = createOpenTask({ store, ...noTools, tenants: [] });
  const { head } = await inTask(() => openTask({ request: { prompt: 'p', model: MODEL, workspace: '/r' } }));
  for (const attempt of [1, 2, 3]) {
    await store.startAttempt({ taskId: TASK, turn: 1, attempt }, deploymentAt('openai'), { cloud: 'openai', usdMicros: 70 });
  }
  await store.updateAttempt({ taskId: TASK, turn: 1, attempt: 1 }, { kind: 'failed', failure: aFailure() });
  await store.updateAttempt(
    { taskId: TASK, turn: 1, attempt: 2 },
    { kind: 'failed', failure: aFailure({ acceptance: 'unknown' }) },
  );
  await store.updateAttempt({ taskId: TASK, turn: 1, attempt: 3 }, { kind: 'sending', sender: 's' });
  const call = { taskId: TASK, turn: 1, callId: 'c' };
  // Of a call in the workspace the files were put back before it ran again.
  for (const _start of [1, 2]) await store.startToolCall(call, 'mcp__tracker__close', 'external');
  for (const _start of [1, 2]) await store.startToolCall({ ...call, callId: 'd' }, 'exec_command', 'workspace');

  const result = await inTask(() => createFinishTask({ store })({ head, turns: 1, ending: { kind: 'cancelled' } }));

  expect(result).toMatchObject({
    taskId: TASK,
    state: 'cancelled',
    output: '',
    suspectedTwice: { count: 1 },
    toolEffectsTwice: 1,
  });
  expect(result).toMatchObject({ suspectedTwice: { count: 1, usdMicros: 70 }, suspenseUsdMicros: 140, paid: { usdMicros: 0 } });
  expect(result.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'unknown']);
  await store.close();
});

test('what nobody has read is kept once, however often the end of its task is written, and in the order in which it was said', async () => {
  const store = await openSqliteTaskStore(join(await mkdtemp(join(tmpdir(), 'anyport-activities-')), 'a.db'));
  const addedTools = createOwnTools({ tools: [], alert: () => undefined });
  const openTask = createOpenTask({ store, workspaceTools: () => [], findTool: () => undefined, addedTools, tenants: [] });
  const { head } = await inTask(() => openTask({ request: { prompt: 'p', model: MODEL } }));
  const finishTask = createFinishTask({ store });
  const ending = { kind: 'failed', reason: 'r' } as const;
  await inTask(() => finishTask({ head, turns: 1, unread: ['a'], ending }));

  // It could not go on after its end, and the first try's answer was lost.
  for (const _try of [1, 2]) await inTask(() => finishTask({ head: EMPTY_TRANSCRIPT, turns: 0, unread: ['b'], ending }));

  expect((await store.getSettings(TASK)).ended).toEqual({ head, results: [], turn: 1, unread: ['a', 'b'] });
  await store.close();
});

test('a diff too large for a result is whole in a file, a small one leaves none', async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'anyport-activities-'));
  const store = await openSqliteTaskStore(join(dataDirectory, 'a.db'));
  const repository = layOutGitRepository(join(dataDirectory, 'repository'), { 'a.txt': 'a\n' });
  const directory = workspaceDirectory(dataDirectory, TASK);
  const workspace = await openWorkspace({ repository, includeUncommitted: false, directory });
  await store.putWorkspace(TASK, { ...workspace, hostId: 'h', repository, sandbox: 'none' });
  const limits = { base: 'never', maxBaseBytes: 0, maxFileBytes: 1024 ** 2, maxCheckpointBytes: 1024 ** 2 } as const;
  const keeper = createWorkspaceKeeper({ store, hostId: 'h', dataDirectory, limits });
  const collectDiff = createCollectDiff({ store, hostId: 'h', dataDirectory, keeper, sessions: new CommandSessions() });

  await writeFile(join(workspace.directory, 'new.txt'), 'small\n');
  const small = await inTask(collectDiff);
  await writeFile(join(workspace.directory, 'new.txt'), 'large\n'.repeat(100_000));
  const large = await inTask(collectDiff);

  const diffStat = { files: 1, insertions: 1, deletions: 0 };
  expect(small).toEqual({ diff: expect.stringContaining('+small\n'), diffStat, tree: expect.stringMatching(/^[0-9a-f]{40}$/) });
  expect(large).toMatchObject({
    diff: '',
    diffStat: { ...diffStat, insertions: 100_000 },
    diffPath: join(directory, 'result.diff'),
  });
  expect((await readFile(join(directory, 'result.diff'), 'utf8')).match(/^\+large$/gm)).toHaveLength(100_000);
  expect((await readdir(directory)).filter((name) => name.includes('diff'))).toEqual(['result.diff']);
  await store.close();
});

test('a call that lies in its queue again is told to have left when a dead worker had sent it', async () => {
  const store = await openSqliteTaskStore(join(await mkdtemp(join(tmpdir(), 'anyport-activities-')), 'a.db'));
  const gate = { snapshot: async () => undefined };
  const explainEndpoint = createExplainEndpoint({ store, gate, deployments: [], readHold: async () => undefined });
  const explain = (attempt: number) => inTask(() => explainEndpoint({ endpoint: 'openai', turn: 1, attempt }));
  for (const attempt of [1, 2]) await store.startAttempt({ taskId: TASK, turn: 1, attempt }, deploymentAt('openai'));
  await store.updateAttempt({ taskId: TASK, turn: 1, attempt: 2 }, { kind: 'sending', sender: 's' });

  expect(await explain(1)).toEqual({});
  expect(await explain(2)).toEqual({ wasSent: true });
  expect(await explain(3)).toEqual({});
  await store.close();
});
