/** Puts a worker process together: configuration, secrets, store, sandbox, Temporal, and one Temporal worker per task queue. */
import { Runtime, Worker, DefaultLogger } from '@temporalio/worker';
import { ApplicationFailure } from '@temporalio/common';
import type { LogEntry, WorkerOptions } from '@temporalio/worker';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { ActivityGroups } from '../activities/index.ts';
import { createActivities } from '../activities/index.ts';
import { createCloudClient } from '../activities/clouds/create-cloud-client.ts';
import type { SandboxPolicy } from '../activities/sandbox/choose-sandbox.ts';
import { createSandbox } from '../activities/sandbox/create-sandbox.ts';
import { probeBubblewrap } from '../activities/sandbox/probe-sandbox.ts';
import type { ServedDeployment } from '../activities/served-deployment.ts';
import { openSqliteTaskStore } from '../activities/store/sqlite.ts';
import type { TaskStore } from '../activities/store/task-store.ts';
import { createToolRegistry } from '../activities/tools/tool-registry.ts';
import type { DeploymentId } from '../workflows/domain/ids.ts';
import { endpointQueue, hostQueue, TASKS_QUEUE } from '../workflows/domain/task-queues.ts';
import type { AnyportConfig } from './anyport-config.ts';
import { bundleWorkflows } from './bundle-workflows.ts';
import { loadConfig } from './config.ts';
import { resolveEndpoints } from './endpoints.ts';
import { readHostId } from './host-id.ts';
import type { TemporalSettings } from './temporal-connection.ts';
import { connectTemporal } from './temporal-connection.ts';

export interface WorkerSettings extends TemporalSettings {
  readonly config?: string;
  /** Absolute. */
  readonly dataDirectory: string;
  /** Wins over the configuration's. */
  readonly sandbox?: SandboxPolicy;
}

export interface RunningWorkers {
  /** Takes no further work and lets what runs come to an end. */
  stop(): void;
  /** Settles when the last one has stopped; rejects when one broke. */
  readonly stopped: Promise<void>;
}

type SharedOptions = typeof WORKER_OPTIONS & Pick<WorkerOptions, 'connection' | 'namespace'>;

const WORKER_OPTIONS = {
  // Every heartbeat reaches the server: a lost worker is seen within the heartbeat timeout of 5 s, and a cancel within a beat.
  maxHeartbeatThrottleInterval: '1s',
  // A task whose worker is gone is taken up by another after this, not after the usual 10 s.
  stickyQueueScheduleToStartTimeout: '2s',
  // A deploy lets model calls and commands of ordinary length come to their end.
  shutdownGraceTime: '30s',
  // Model calls wait for a cloud nearly all the time.
  maxConcurrentActivityTaskExecutions: 200,
  // One worker process polls a queue per endpoint: few polls each keep the server's load down.
  maxConcurrentActivityTaskPolls: 2,
  maxConcurrentWorkflowTaskPolls: 4,
} as const satisfies Partial<WorkerOptions>;
/** Commands use the host's processors, unlike model calls. */
const TOOLS_AT_ONCE = 2 * availableParallelism();

/** Starts everything. @throws ConfigError, TaskStoreError, or an Error with words when Temporal does not answer */
export async function composeWorkers(settings: WorkerSettings): Promise<RunningWorkers> {
  Runtime.install({ logger: new DefaultLogger('WARN', logEntry) });
  const config = loadConfig({
    ...(settings.config === undefined ? {} : { file: settings.config }),
    environment: settings.environment,
    workingDirectory: process.cwd(),
  });
  const { connection, namespace } = await connectTemporal(settings);
  const store = await openSqliteTaskStore(join(settings.dataDirectory, 'anyport.db'));
  const hostId = await readHostId(settings.dataDirectory);
  const groups = await composeActivities({ settings, config, store, hostId });
  const shared: SharedOptions = { ...WORKER_OPTIONS, connection, namespace };
  const endpoints = config.endpoints.map(({ name }) => endpointQueue(name));
  const workers = await Promise.all([
    Worker.create({ ...shared, taskQueue: TASKS_QUEUE, activities: groups.tasks, workflowBundle: await bundleWorkflows() }),
    Worker.create({
      ...shared,
      taskQueue: hostQueue(hostId),
      activities: groups.host,
      maxConcurrentActivityTaskExecutions: TOOLS_AT_ONCE,
    }),
    ...endpoints.map((taskQueue) => Worker.create({ ...shared, taskQueue, activities: groups.endpoint })),
  ]);
  return { stop: () => stopAll(workers), stopped: runAll(workers, () => Promise.all([connection.close(), store.close()])) };
}

/** When one worker breaks the others stop too: half a worker would leave queues without anyone to say so. */
async function runAll(workers: readonly Worker[], close: () => Promise<unknown>): Promise<void> {
  try {
    await Promise.all(workers.map((worker) => worker.run()));
  } finally {
    stopAll(workers);
    await close();
  }
}

interface Parts {
  readonly settings: WorkerSettings;
  readonly config: AnyportConfig;
  readonly store: TaskStore;
  readonly hostId: string;
}

async function composeActivities({ settings, config, store, hostId }: Parts): Promise<ActivityGroups> {
  const served = new Map<DeploymentId, ServedDeployment>();
  for (const { connection, deployments } of resolveEndpoints(config, settings.environment)) {
    const client = createCloudClient(connection);
    for (const deployment of deployments) served.set(deployment.deployment.id, { ...deployment, client });
  }
  const registry = createToolRegistry();
  return createActivities({
    store,
    hostId,
    served,
    dataDirectory: settings.dataDirectory,
    deployments: [...served.values()].map(({ deployment }) => deployment),
    prices: new Map([...served].map(([id, { prices }]) => [id, prices])),
    tenants: config.tenants,
    workspaceTools: registry.names,
    toolDefinitions: (names) => registry.definitions(names),
    findTool: (name) => registry.find(name),
    sandboxOf: createSandbox,
    sandboxPolicy: settings.sandbox ?? config.sandbox,
    sandboxProbe: await probeBubblewrap(),
  });
}

/** To standard error: the first line of standard output belongs to whoever started us. */
function logEntry({ level, message, meta }: LogEntry): void {
  const error: unknown = meta?.['error'];
  // Most of our workers have activities alone, on purpose; a classified failure is told by the task's story and the Temporal UI.
  if (message.startsWith('No workflows registered') || (error instanceof ApplicationFailure && error.nonRetryable === true))
    return;
  console.error(error instanceof Error ? `${level} ${message}: ${error.message}` : `${level} ${message}`);
}

function stopAll(workers: readonly Worker[]): void {
  for (const worker of workers) {
    if (worker.getState() === 'RUNNING') worker.shutdown();
  }
}
