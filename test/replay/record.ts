/**
 * Records histories for the corpus: `node test/replay/record.ts`. Run it when a workflow changes, and keep the old files: tasks
 * that began with the old code go on with the new.
 */
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { batchWorkflowId, taskWorkflowId, toBatchId, toTaskId } from '../../workflows/domain/ids.ts';
import { MODEL } from '../support/builders.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import { startCluster } from '../support/start-cluster.ts';

const HISTORIES = fileURLToPath(new URL('histories/', import.meta.url));
const SCRIPT = [
  { when: { inputContains: 'look' }, turns: [{ toolCalls: [{ name: 'list_files', input: {} }] }, { text: 'Seen.' }] },
  { when: { inputContains: 'answer' }, turns: [{ text: 'Answered.' }] },
];

const cluster = await startCluster({ script: SCRIPT });
try {
  const workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'hello\n' });
  await cluster.setFaults('azure-eastus2', [
    { kind: 'status', status: 429, headers: { 'retry-after': '1' }, count: 1 },
    { kind: 'stream-cut', afterEvents: 3, skip: 1, count: 1 },
  ]);
  const task = await cluster.tasks.start({ prompt: 'look', model: MODEL, workspace }, { taskId: 'failover' });
  await cluster.tasks.result(task.taskId);
  await record('agent-task-failover', taskWorkflowId(toTaskId(task.taskId)));
  const refused = await cluster.tasks.start({ prompt: 'answer', model: 'gpt-none' }, { taskId: 'refused' });
  await cluster.tasks.result(refused.taskId);
  await record('agent-task-refused', taskWorkflowId(toTaskId(refused.taskId)));
  const file = join(cluster.directory, 'tasks.jsonl');
  writeFileSync(file, `${JSON.stringify({ prompt: 'answer', model: MODEL })}\n`.repeat(5));
  const { batchId } = await cluster.tasks.submitBatch(file, { window: 2 });
  const batch = batchWorkflowId(toBatchId(batchId));
  await cluster.temporal.workflow.getHandle(batch).result();
  await record('task-batch', batch);
} finally {
  await cluster.stop();
}

async function record(name: string, workflowId: string): Promise<void> {
  const history = await cluster.temporal.workflow.getHandle(workflowId).fetchHistory();
  const json: unknown = JSON.parse(historyToJSON(history));
  writeFileSync(join(HISTORIES, `${name}.json`), `${JSON.stringify({ workflowId, history: json }, withoutMachine)}\n`);
}

/** What tells of the machine that recorded and means nothing to a replay. */
function withoutMachine(key: string, value: unknown): unknown {
  if (key === 'stackTrace') return '';
  return key === 'identity' ? 'recorder' : value;
}
