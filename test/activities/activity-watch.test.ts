import { Context } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { activitySignal, isTaskCancelled } from '../../activities/activity-signal.ts';
import { createActivityWatch } from '../../activities/activity-watch.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';

const EXECUTION = { workflowId: 'agent-task/task-1', runId: 'run' };

test('a request to stop, written by another process, aborts what runs without a word from Temporal', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'anyport-watch-')), 'a.db');
  const [store, other] = await Promise.all([openSqliteTaskStore(file), openSqliteTaskStore(file)]);
  const { interceptor, flush } = createActivityWatch(store, 'me');
  const environment = new MockActivityEnvironment({ workflowExecution: EXECUTION, activityId: '7' });
  const activity = async (): Promise<string> => {
    const signal = activitySignal();
    await other.requestStop({ ...EXECUTION, runId: 'another run' });
    expect(isTaskCancelled()).toBe(false);
    await other.requestStop(EXECUTION);
    await once(signal, 'abort');
    return isTaskCancelled() ? 'stopped' : 'not told why';
  };

  const ended = environment.run(() => interceptor(Context.current()).inbound.execute(undefined, activity));

  expect(await ended).toBe('stopped');
  expect(await other.listOpenActivities('me')).toEqual([{ ...EXECUTION, activityId: '7' }]);
  await flush();
  expect(await other.listOpenActivities('me')).toEqual([]);
  await Promise.all([store.close(), other.close()]);
});
