import { MockActivityEnvironment } from '@temporalio/testing';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ModelFailureError } from '../../activities/clouds/cloud-client.ts';
import { createCloseAgentSessions } from '../../activities/close-agent-sessions.ts';
import type { ServedDeployment } from '../../activities/served-deployment.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import { taskWorkflowId, toTaskId } from '../../workflows/domain/ids.ts';
import { aDeployment } from '../support/builders.ts';
import { scratchFolder } from '../tools/tool-scene.ts';

const TASK = toTaskId('t-1');
const { id: DEPLOYMENT } = aDeployment();
const DOWN = new ModelFailureError({ kind: 'unavailable', phase: 'headers', acceptance: 'unknown', scope: 'deployment' });

/** A task with sessions of these names; gives which of them are closed after it was tried. */
async function closing(names: readonly string[], close: ((name: string) => Promise<void>) | undefined) {
  const store = await openSqliteTaskStore(join(scratchFolder(), 'a.db'));
  onTestFinished(() => store.close());
  for (const [index, sessionId] of names.entries()) {
    const seen = { items: 0, digest: '' };
    await store.putAgentSession(TASK, { deployment: DEPLOYMENT, generation: index + 1, sessionId, seen });
  }
  const sessions = { close: (_task: string, { sessionId = '' }: { readonly sessionId?: string }) => close?.(sessionId) };
  // What else a deployment is served with has no part in this.
  const served = new Map(close === undefined ? [] : [[DEPLOYMENT, { sessions } as unknown as ServedDeployment]]);
  const activity = createCloseAgentSessions({ store, served });
  const environment = new MockActivityEnvironment({
    workflowExecution: { workflowId: taskWorkflowId(TASK), runId: 'run-1' },
  });
  const ended = await environment.run(() => activity({ deployment: DEPLOYMENT })).catch((error: unknown) => error);
  const closed = (await store.listAgentSessions(TASK)).filter(({ isClosed }) => isClosed === true);
  return { ended, closed: closed.map(({ sessionId }) => sessionId) };
}

test('a session that cannot be closed keeps no other one open, and is told to be tried again', async () => {
  const { ended, closed } = await closing(['a', 'b', 'c'], async (name) => {
    if (name === 'a') throw DOWN;
  });

  expect(closed).toEqual(['b', 'c']);
  expect(ended).toMatchObject({ type: 'SessionNotClosed', nonRetryable: false });
});

test('sessions of a deployment that is not served here any more are not said to be closed', async () => {
  const { ended, closed } = await closing(['a'], undefined);

  expect(closed).toEqual([]);
  expect(ended).toMatchObject({ type: 'SessionNotClosed', message: expect.stringContaining(DEPLOYMENT) });
});
