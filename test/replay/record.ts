/**
 * Records histories for the corpus: `node test/replay/record.ts <policy> [scenario …]`, where the policy names the files, as in `policy-2`. Run
 * it when a workflow changes, under a new name: tasks that began with the old code go on with the new, so no file is ever written again.
 */
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { existsSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TaskRequest } from '../../workflows/activity-interfaces.ts';
import { batchTaskId, batchWorkflowId, taskWorkflowId, toBatchId, toTaskId } from '../../workflows/domain/ids.ts';
import { endpointQueue, TASKS_QUEUE } from '../../workflows/domain/task-queues.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import { startCluster } from '../support/start-cluster.ts';

const HISTORIES = fileURLToPath(new URL('histories/', import.meta.url));
const AZURE = 'azure-eastus2';
const AWS = 'aws-us-east-1';
/** `TASK_QUEUE_TYPE_ACTIVITY` of Temporal's API. */
const ACTIVITY_QUEUE = 2;
/** Where a run ends and the task goes on in a new one, so that both are small. */
const CONTINUE_AS_NEW_EVENTS = 60;
const LOOK = { toolCalls: [{ name: 'list_files', input: {} }] };
function command(cmd: string) {
  return { toolCalls: [{ name: 'exec_command', input: { cmd } }] };
}

const SCRIPT = [
  { when: { inputContains: 'look' }, turns: [LOOK, { text: 'Seen.' }] },
  { when: { inputContains: 'go on' }, turns: [LOOK, LOOK, LOOK, LOOK, LOOK, LOOK, { text: 'At last.' }] },
  { when: { inputContains: 'be quick' }, turns: [LOOK, { text: 'Quick.' }] },
  { when: { inputContains: 'take your time' }, turns: [command('touch begun; sleep 9'), { text: 'Slow.' }] },
  { when: { inputContains: 'replaced by this hand-off' }, turns: [{ text: 'Went on.' }] },
  { when: { inputContains: 'hand-off for the model that takes over' }, turns: [{ text: 'A summary.' }] },
  { when: { inputContains: 'side by side' }, turns: [{ toolCalls: [...LOOK.toolCalls, ...LOOK.toolCalls] }, { text: 'Seen.' }] },
  { when: { inputContains: 'as a number' }, turns: [{ text: 'many' }, { text: '7' }] },
  {
    when: { inputContains: 'with help' },
    turns: [
      { toolCalls: [{ name: 'spawn_agent', input: { message: 'answer' } }] },
      { toolCalls: [{ name: 'wait_agent', input: { agents: ['{{result:Agent ([0-9a-f]{6})}}'] } }] },
      { text: 'Helped.' },
    ],
  },
  {
    when: { inputContains: 'send an agent away' },
    turns: [
      { toolCalls: [{ name: 'spawn_agent', input: { message: 'take your time' } }] },
      { toolCalls: [{ name: 'close_agent', input: { agents: ['{{result:Agent ([0-9a-f]{6})}}'] } }] },
      { text: 'Alone.' },
    ],
  },
  { when: { inputContains: 'ask first' }, turns: [command('touch made.txt'), { text: 'Made.' }] },
  { when: { inputContains: 'answer' }, turns: [{ text: 'Answered.' }] },
];
const REFUSED_REASONING = {
  kind: 'status',
  status: 400,
  body: { error: { code: 'invalid_encrypted_content', type: 'invalid_request_error', message: 'could not be verified' } },
};
const TOO_LONG = {
  kind: 'status',
  status: 400,
  body: { error: { code: 'context_length_exceeded', type: 'invalid_request_error', message: 'too long' } },
};
const THROTTLED = { kind: 'status', status: 429, headers: { 'retry-after': '1' }, count: 1 };

const [policy, ...only] = process.argv.slice(2);
if (policy === undefined) throw new Error('name the policy whose histories these are: node test/replay/record.ts policy-2');

const cluster = await startCluster({
  script: SCRIPT,
  endpoints: [AZURE, AWS, 'openai-agents'],
  tenants: { thrifty: { order: ['azure', 'aws'], budget: { turns: 50 } } },
  dynamicConfig: [`limit.historyCount.suggestContinueAsNew=${CONTINUE_AS_NEW_EVENTS}`],
});
try {
  const workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'hello\n' });
  const look = { prompt: 'look', model: MODEL };
  const helped = { prompt: 'with help', model: MODEL, subAgents: true };
  const scenarios: Readonly<Record<string, () => Promise<void>>> = {
    'endpoint-report': recordEndpointReport,
    'workspace-report': () => recordWorkspaceReport({ ...look, workspace }),
    refused: () => recordTask('agent-task-refused', { prompt: 'answer', model: 'gpt-none' }),
    drained: recordDrained,
    'self-heal': () => recordSelfHeal(look),
    raised: () => recordRaised({ ...look, workspace }),
    cancelled: recordCancelled,
    continued: () => recordContinued({ prompt: 'go on', model: MODEL, workspace, tenant: 'thrifty' }),
    batch: recordBatch,
    contest: () => recordContest('', { ...look, workspace, check: { command: 'true' }, budget: { turns: 9 } }),
    'managed-contest': () => recordContest('managed-', { ...look, workspace, managed: true }),
    'contest-cancelled': () => recordContestCancelled({ prompt: 'take your time', model: MODEL, workspace }),
    throttled: recordThrottled,
    failover: () => recordFailover({ ...look, workspace }),
    approved: () => recordApproved({ prompt: 'ask first', model: MODEL, workspace }),
    interrupted: () => recordInterrupted({ prompt: 'take your time', model: MODEL, workspace }),
    unread: () => recordUnread({ ...look, workspace, maxTurns: 1 }),
    reopened: () => recordReopened({ prompt: 'side by side', model: MODEL, workspace }),
    helped: () => recordHelped('agent-task-helped', { ...helped, workspace, budget: { costUsd: 1 } }),
    'managed-helped': () => recordHelped('managed-agent-task-helped', { ...helped, workspace, managed: true }),
    closed: () =>
      recordClosed({ prompt: 'send an agent away', model: MODEL, workspace, subAgents: true, budget: { costUsd: 1 } }),
    corrected: () =>
      recordTask('agent-task-corrected', { prompt: 'as a number', model: MODEL, outputSchema: { type: 'integer' } }),
    compacted: () => recordCompacted(look),
    managed: () => recordTask('managed-agent-task', { ...look, workspace, managed: true }),
    ineligible: () => recordIneligible({ ...look, workspace, tenant: 'thrifty' }),
  };
  for (const [name, scenario] of Object.entries(scenarios)) if (only.length === 0 || only.includes(name)) await scenario();
} finally {
  await cluster.stop();
}

async function recordTask(name: string, request: TaskRequest): Promise<void> {
  const taskId = await start(name, request);
  await cluster.tasks.result(taskId);
  await record(name, workflowOf(taskId));
}

async function recordEndpointReport(): Promise<void> {
  const workflowId = 'endpoint-report/recorded';
  await cluster.temporal.workflow.execute('endpointReport', { workflowId, taskQueue: TASKS_QUEUE });
  await record('endpoint-report', workflowId);
}

async function recordWorkspaceReport(request: TaskRequest): Promise<void> {
  const taskId = toTaskId(await start('agent-task-of-the-report', request));
  await cluster.tasks.result(taskId);
  const workflowId = 'workspace-report/recorded';
  const args = [{ taskId, question: { kind: 'diff', from: 0, to: 0, form: 'patch' }, offset: 0 }];
  await cluster.temporal.workflow.execute('workspaceReport', { workflowId, taskQueue: TASKS_QUEUE, args });
  await record('workspace-report', workflowId);
}

async function recordSelfHeal(request: TaskRequest): Promise<void> {
  await cluster.setFaults(AZURE, [{ ...REFUSED_REASONING, skip: 1, count: 1 }]);
  await recordTask('agent-task-self-heal', request);
}

async function recordThrottled(): Promise<void> {
  await Promise.all([AZURE, AWS].map((endpoint) => cluster.setFaults(endpoint as typeof AWS, [THROTTLED])));
  await recordTask('agent-task-throttled', { prompt: 'answer', model: MODEL });
}

async function recordFailover(request: TaskRequest): Promise<void> {
  await cluster.setFaults(AZURE, [{ kind: 'stream-cut', afterEvents: 3, skip: 1, count: 1 }]);
  await recordTask('agent-task-failover', request);
}

/** Its tenant's policy is tightened while it waits, so that its next turn goes on elsewhere. */
async function recordIneligible(request: TaskRequest): Promise<void> {
  const taskId = await start('agent-task-ineligible', { ...request, budget: { turns: 1 } });
  await awaitPause(taskId);
  await cluster.changeTenants({ thrifty: { order: ['azure', 'aws'], deny: ['azure'] } });
  await cluster.tasks.raiseBudget(taskId, { turns: 9 }, { requestId: 'recorded' });
  await cluster.tasks.result(taskId);
  await record('agent-task-ineligible', workflowOf(taskId));
}

/** A call waits for a person, who has the like of it remembered. */
async function recordApproved(request: TaskRequest): Promise<void> {
  const taskId = await start('agent-task-approved', { ...request, approvals: { mode: 'untrusted', expireMs: 600_000 } });
  await eventually('a call waits for approval', async () => (await cluster.tasks.status(taskId)).approvals);
  await cluster.tasks.approve(taskId, { by: 'ada', remember: true });
  await cluster.tasks.result(taskId);
  await record('agent-task-approved', workflowOf(taskId));
}

/** A message ends a running command; another waits for the end of the work. */
async function recordInterrupted(request: TaskRequest): Promise<void> {
  const taskId = await start('agent-task-interrupted', request);
  await eventually('the command runs', async () => {
    const { events } = await cluster.tasks.status(taskId);
    return events.find(({ kind }) => kind === 'tool-started');
  });
  await cluster.tasks.send(taskId, { requestId: 'second', mode: 'enqueue', text: 'answer' });
  await cluster.tasks.send(taskId, { requestId: 'first', mode: 'interrupt', text: 'be quick' });
  await cluster.tasks.result(taskId);
  await record('agent-task-interrupted', workflowOf(taskId));
}

/** Ends, and goes on from an earlier turn. */
async function recordReopened(request: TaskRequest): Promise<void> {
  const taskId = await start('agent-task-reopened', request);
  await cluster.tasks.result(taskId);
  await record('agent-task-side-by-side', workflowOf(taskId));
  await cluster.tasks.send(taskId, { requestId: 'back', mode: 'rollback', toTurn: 1, text: 'answer' });
  await cluster.tasks.result(taskId);
  await record('agent-task-reopened', workflowOf(taskId));
}

/** Fails before it reads a message, which it reads when another one has it go on. */
async function recordUnread(request: TaskRequest): Promise<void> {
  const taskId = await start('agent-task-unread', { ...request, prompt: 'take your time' });
  await eventually('the command runs', async () => {
    const { events } = await cluster.tasks.status(taskId);
    return events.find(({ kind }) => kind === 'tool-started');
  });
  await cluster.tasks.send(taskId, { requestId: 'first', mode: 'enqueue', text: 'be quick' });
  await cluster.tasks.result(taskId);
  await record('agent-task-unread', workflowOf(taskId));
  await cluster.tasks.send(taskId, { requestId: 'second', mode: 'enqueue', text: 'answer' });
  await cluster.tasks.result(taskId);
  await record('agent-task-unread-reopened', workflowOf(taskId));
}

/** Its first run, in which it has an agent. */
async function recordHelped(name: string, request: TaskRequest): Promise<void> {
  const taskId = await start(name, request);
  const { runId } = await cluster.temporal.workflow.getHandle(workflowOf(taskId)).describe();
  await cluster.tasks.result(taskId);
  await record(name, workflowOf(taskId), runId);
}

/** A cloud says that the conversation is too long. */
async function recordCompacted(request: TaskRequest): Promise<void> {
  await cluster.setFaults(AZURE, [{ ...TOO_LONG, skip: 1, count: 1 }]);
  await recordTask('agent-task-compacted', request);
}

async function awaitPause(taskId: string): Promise<void> {
  await eventually('the task waits for a larger budget', async () => {
    const status = await cluster.tasks.status(taskId).catch(() => undefined);
    return status?.waitingFor?.command;
  });
}

/** Nobody takes the call, and the operator is named. */
async function recordDrained(): Promise<void> {
  await hold(0);
  await recordTask('agent-task-drained', { prompt: 'answer', model: MODEL });
  await hold(null);
}

/** Pauses for a larger budget, is raised by an update, and goes on. */
async function recordRaised(request: TaskRequest): Promise<void> {
  const taskId = await start('agent-task-budget-raised', { ...request, budget: { turns: 1, toolCalls: 9 } });
  await awaitPause(taskId);
  await cluster.tasks.raiseBudget(taskId, { turns: 9 }, { requestId: 'recorded' });
  await cluster.tasks.result(taskId);
  await record('agent-task-budget-raised', workflowOf(taskId));
}

async function recordCancelled(): Promise<void> {
  await cluster.setFaults(AZURE, [{ kind: 'slow-stream', eventDelayMs: 1_000, count: 1 }]);
  const taskId = await start('agent-task-cancelled', { prompt: 'answer', model: MODEL });
  await eventually('the model is asked', async () =>
    (await cluster.ledger(AZURE)).find(({ metadata }) => metadata?.['task'] === taskId),
  );
  await cluster.tasks.cancel(taskId);
  await cluster.tasks.result(taskId);
  await record('agent-task-cancelled', workflowOf(taskId));
}

/** Its first run and its last, with a budget that goes along. */
async function recordContinued(request: TaskRequest): Promise<void> {
  const taskId = await start('agent-task-continued', request);
  const { runId } = await cluster.temporal.workflow.getHandle(workflowOf(taskId)).describe();
  await cluster.tasks.result(taskId);
  await record('agent-task-continued-first', workflowOf(taskId), runId);
  await record('agent-task-continued-last', workflowOf(taskId));
}

/** Its lines belong to two tenants; one of them fails. */
async function recordBatch(): Promise<void> {
  const lines = [
    { prompt: 'answer', model: MODEL, tenant: 'thrifty' },
    { prompt: 'answer', model: MODEL },
    { prompt: 'answer', model: 'gpt-none' },
  ];
  const file = await cluster.write('tasks.jsonl', lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const batchId = toBatchId((await cluster.tasks.submitBatch(file, { window: 2 })).batchId);
  await cluster.temporal.workflow.getHandle(batchWorkflowId(batchId)).result();
  await record('task-batch', batchWorkflowId(batchId));
  await record('agent-task-batch-line', taskWorkflowId(batchTaskId(batchId, 1)));
}

/** One after the other, so that the second gets what the first has left of the budget; the history of a contender with it. */
async function recordContest(prefix: string, request: TaskRequest): Promise<void> {
  const { taskId } = await cluster.tasks.startContest(request, { taskId: `${prefix}task-contest`, contenders: 2, atOnce: 1 });
  await cluster.tasks.contestResult(taskId);
  await record(`${prefix}task-contest`, workflowOf(taskId));
  await record(`${prefix}agent-task-contender`, workflowOf(`${taskId}-2`));
}

/** An agent that is closed tells by a signal what it has cost. */
async function recordClosed(request: TaskRequest): Promise<void> {
  const taskId = await start('agent-task-closed', request);
  const { runId } = await cluster.temporal.workflow.getHandle(workflowOf(taskId)).describe();
  const { agents = [] } = await cluster.tasks.result(taskId);
  await record('agent-task-closed', workflowOf(taskId), runId);
  await record('agent-task-closed-agent', workflowOf(agents[0]?.taskId ?? ''));
}

async function recordContestCancelled(request: TaskRequest): Promise<void> {
  const { taskId } = await cluster.tasks.startContest(request, { taskId: 'task-contest-cancelled', contenders: 3, atOnce: 2 });
  await eventually('both run a command', async () => {
    const states = await Promise.all([1, 2].map((number) => cluster.tasks.status(`${taskId}-${number}`).catch(() => undefined)));
    return states.every((status) => status?.state === 'running-tools') ? true : undefined;
  });
  await cluster.tasks.cancel(taskId);
  await cluster.tasks.contestResult(taskId);
  await record('task-contest-cancelled', workflowOf(taskId));
  await record('agent-task-contender-cancelled', workflowOf(`${taskId}-1`));
}

async function start(taskId: string, request: TaskRequest): Promise<string> {
  return (await cluster.tasks.start(request, { taskId })).taskId;
}

/** As `anyport endpoints drain`, but for who did it: that is in the history, and would be the user of this machine. */
async function hold(requestsPerSecond: number | null): Promise<void> {
  await cluster.temporal.workflowService.updateTaskQueueConfig({
    namespace: 'default',
    identity: 'operator@example',
    taskQueue: endpointQueue(AZURE),
    taskQueueType: ACTIVITY_QUEUE,
    updateQueueRateLimit: {
      ...(requestsPerSecond === null ? {} : { rateLimit: { requestsPerSecond } }),
      reason: 'planned work',
    },
  });
}

function workflowOf(taskId: string): string {
  return taskWorkflowId(toTaskId(taskId));
}

async function record(name: string, workflowId: string, runId?: string): Promise<void> {
  const history = await cluster.temporal.workflow.getHandle(workflowId, runId).fetchHistory();
  const json: unknown = JSON.parse(historyToJSON(history));
  const file = join(HISTORIES, `${policy}-${name}.json`);
  if (existsSync(file)) throw new Error(`${file} is there already: histories are kept, so choose another name`);
  writeFileSync(file, `${JSON.stringify({ workflowId, history: json }, withoutMachine)}\n`);
}

/** What tells of the machine that recorded and means nothing to a replay. */
function withoutMachine(key: string, value: unknown): unknown {
  if (key === 'stackTrace') return '';
  if (key === 'identity') return 'recorder';
  return typeof value === 'string' ? value.replaceAll(hostname(), 'recorder') : value;
}
