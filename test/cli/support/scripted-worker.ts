/**
 * A worker that runs the real workflows over scripted activities: the prompt says what the model does. Clouds, store and
 * tools have their own tests; here only what a client sees of a task matters.
 */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { AnyportActivities, AttemptRecord, FinishTaskInput, TaskRequest } from '../../../workflows/activity-interfaces.ts';
import { endpointQueue, hostQueue, TASKS_QUEUE } from '../../../workflows/domain/task-queues.ts';
import type { TurnAnswer } from '../../../workflows/domain/turn.ts';
import { findTemporalBinary } from '../../../scripts/temporal-binary.mjs';
import { bundleWorkflows } from '../../../workers/bundle-workflows.ts';
import { startTemporalServer } from '../../../workers/dev/temporal-server.ts';
import { anAnswer, aRoute, aRouteDecision, MODEL } from '../../support/builders.ts';

export interface ScriptedWorker {
  /** host:port of its Temporal server, which is its own: workers of other files would take its tasks. */
  readonly address: string;
  /** Its server goes on without anybody who answers. */
  stopWorkers(): Promise<void>;
  stop(): Promise<void>;
}

// Failed tasks are what these tests are about; a worker would warn of each.
Runtime.install({ logger: new DefaultLogger('ERROR') });

const ENDPOINT = 'azure-eastus2';
const HOST = 'scripted-host';

/** What the scripted workspace changed: a new file, so that the diff fits any checkout without it. */
export const SCRIPTED_DIFF = `diff --git a/answer.txt b/answer.txt
new file mode 100644
index 0000000..d81cc07
--- /dev/null
+++ b/answer.txt
@@ -0,0 +1 @@
+42
`;

/** Starts it with a server in memory, and gives it back once it polls. `own` takes the place of what is scripted. */
export async function startScriptedWorker(own: Partial<AnyportActivities> = {}): Promise<ScriptedWorker> {
  const binary = await findTemporalBinary();
  if (binary === undefined)
    throw new Error('these tests need a Temporal server: run `node scripts/bootstrap.mjs`, which gets one');
  const server = await startTemporalServer({ binary: binary.path, ports: { grpc: 0, ui: 0 } });
  const { address } = server;
  const connection = await NativeConnection.connect({ address });
  const activities = { ...scriptActivities(), ...own };
  const shared = { connection, activities };
  const workers = await Promise.all([
    Worker.create({ ...shared, taskQueue: TASKS_QUEUE, workflowBundle: await bundleWorkflows() }),
    Worker.create({ ...shared, taskQueue: endpointQueue(ENDPOINT), maxHeartbeatThrottleInterval: '100ms' }),
    Worker.create({ ...shared, taskQueue: hostQueue(HOST) }),
  ]);
  const runs = workers.map((worker) => worker.run());
  const stopWorkers = async (): Promise<void> => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await Promise.all(runs);
  };
  return {
    address,
    stopWorkers,
    async stop() {
      await stopWorkers();
      await connection.close();
      await server.stop();
    },
  };
}

function scriptActivities(): AnyportActivities {
  const requests = new Map<string, TaskRequest>();
  const lines = new Map<string, TaskRequest>();
  const attempts = new Map<string, AttemptRecord[]>();
  return {
    planRoute: async ({ model }) => {
      if (model === 'gpt-unknown') throw ApplicationFailure.nonRetryable('no deployment serves "gpt-unknown"', 'NotEligible');
      return { route: aRoute(ENDPOINT), decision: aRouteDecision() };
    },
    openTask: async ({ request }) => {
      requests.set(taskIdNow(), request);
      return { head: 'head' };
    },
    openWorkspace: async () => ({ queue: hostQueue(HOST), baseCommit: 'a'.repeat(40) }),
    moveWorkspace: async () => ({ queue: hostQueue(HOST) }),
    reportWorkspace: async () => {
      throw ApplicationFailure.nonRetryable('the scripted worker keeps no checkpoints', 'Workspace.NoWorkspace');
    },
    invokeModel: async ({ turn }) => {
      const taskId = taskIdNow();
      const outcome = await answerPrompt(requests.get(taskId)?.prompt ?? '', turn);
      attempts.set(taskId, [...(attempts.get(taskId) ?? []), { turn, endpoint: ENDPOINT, outcome: 'completed' }]);
      return outcome;
    },
    checkOutput: async () => ({ valid: true }),
    stopTask: async () => undefined,
    runTool: async () => ({ item: 'item', outcome: 'ok' }),
    collectDiff: async () => ({ diff: SCRIPTED_DIFF }),
    runCheck: async ({ command }) => ({
      outcome: command === 'true' ? 'passed' : 'failed',
      exitCode: command === 'true' ? 0 : 1,
      wallTimeMs: 5,
      excerpt: command,
    }),
    closeWorkspace: async () => undefined,
    listAgentSessions: async () => ({ deployments: [] }),
    closeAgentSessions: async () => undefined,
    finishTask: async (input) => resultOf(input, attempts.get(taskIdNow()) ?? [], requests.get(taskIdNow())?.prompt ?? ''),
    storeBatchLines: async ({ lines: stored }) => {
      const batchId = workflowIdNow().split('/')[1];
      for (const { line, request } of stored) lines.set(`${batchId}-${line}`, request);
      return { stored: stored.length };
    },
    readBatchLine: async ({ batchId, line }) => {
      const request = lines.get(`${batchId}-${line}`);
      if (request === undefined) throw ApplicationFailure.nonRetryable('no such line', 'NoSuchLine');
      return request;
    },
    reportEndpoints: async () => ({ endpoints: [{ name: ENDPOINT, cloud: 'azure', region: 'eastus2', models: [MODEL] }] }),
    explainEndpoint: async () => ({}),
    putMessage: async () => ({ item: 'message' }),
    reopenTask: async () => {
      const request = requests.get(taskIdNow());
      if (request === undefined) throw ApplicationFailure.nonRetryable('no such task', 'TaskNotReopened');
      return { request, head: 'head', results: [], turn: 1 };
    },
    readAgentRequest: async () => ({ prompt: 'help', model: MODEL }),
    rollBack: async () => ({ head: 'head', results: [], toTurn: 0 }),
  };
}

/** `wait`: until cancelled. `refuse`: a filter cuts the answer. `tools`: one call, then the answer. Else: one answer. */
async function answerPrompt(prompt: string, turn: number): Promise<TurnAnswer> {
  if (prompt === 'wait') {
    const beat = setInterval(() => Context.current().heartbeat(), 100);
    await Context.current().cancelled.finally(() => clearInterval(beat));
  }
  if (prompt === 'refuse') return anAnswer({ incomplete: 'content-filter' });
  if (prompt === 'tools' && turn === 1) {
    return anAnswer({ calls: [{ callId: 'c1', name: 'exec_command', item: 'item', excerpt: 'npm test' }] });
  }
  return anAnswer({ excerpt: 'done' });
}

function resultOf({ turns, ending }: FinishTaskInput, attempts: readonly AttemptRecord[], prompt: string) {
  const taskId = taskIdNow();
  return {
    taskId,
    state: ending.kind,
    ...(ending.kind === 'failed' ? { reason: ending.reason } : {}),
    output: ending.kind === 'completed' ? `answer to ${prompt}` : '',
    turns,
    attempts,
    usage: { inputTokens: 100, cachedInputTokens: 0, outputTokens: 10, reasoningTokens: 0 },
    paid: { usdMicros: 200, byCloud: { azure: 200 }, byEndpoint: { [ENDPOINT]: 200 } },
    suspenseUsdMicros: 0,
    suspectedTwice: { count: 0, usdMicros: 0 },
    toolEffectsTwice: 0,
  };
}

function taskIdNow(): string {
  return workflowIdNow().replace('agent-task/', '');
}

function workflowIdNow(): string {
  const { workflowExecution } = Context.current().info;
  if (workflowExecution === undefined) throw new Error('an activity of these tests always has a workflow');
  return workflowExecution.workflowId;
}
