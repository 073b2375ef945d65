import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { taskWorkflowId, toTaskId } from '../../workflows/domain/ids.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

const LOOK = { toolCalls: [{ name: 'list_files', input: {} }] };
/** The first contender comes to its end, the second is to be cancelled. */
const WAIT = { toolCalls: [{ name: 'exec_command', input: { cmd: 'case "$PWD" in *-2/tree) sleep 50;; esac' } }] };
const SCRIPT = [
  { when: { inputContains: 'go on for long' }, turns: [LOOK, LOOK, LOOK, LOOK, LOOK, LOOK, WAIT, { text: 'At last.' }] },
];

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({
    script: SCRIPT,
    endpoints: ['azure-eastus2'],
    dynamicConfig: ['limit.historyCount.suggestContinueAsNew=60'],
  });
});
afterAll(() => cluster.stop());

test('a contest knows its contenders, and what a cancelled one has cost, after they went on in new runs', async () => {
  const workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'hello\n' });
  const request = { prompt: 'go on for long', model: MODEL, workspace };
  await cluster.tasks.startContest(request, { contenders: 2, taskId: 'long' });
  await eventually('the second runs its command', async () => {
    const status = await cluster.tasks.status('long-2').catch(() => undefined);
    return status?.turn === 7 && status.state === 'running-tools' ? true : undefined;
  });
  await cluster.tasks.cancel('long-2');

  const { state, winner, contenders } = await cluster.tasks.contestResult('long');

  expect([state, winner?.number]).toEqual(['completed', 1]);
  const { paid } = await cluster.tasks.result('long-2');
  expect(contenders[1]).toMatchObject({ number: 2, state: 'cancelled', costUsdMicros: paid.usdMicros });
  expect(paid.usdMicros).toBeGreaterThan(0);
  expect(await hasContinued('long-2')).toBe(true);
});

async function hasContinued(taskId: string): Promise<boolean> {
  const { events } = await cluster.temporal.workflow.getHandle(taskWorkflowId(toTaskId(taskId))).fetchHistory();
  const before = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
  return typeof before === 'string' && before !== '';
}
