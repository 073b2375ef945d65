/** What an operator does to endpoints: their queues in Temporal are the one switch that every worker obeys. */
import type { Client, Connection } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import type { EndpointReport } from '../workflows/activity-interfaces.ts';
import { nearestNames } from '../workflows/domain/nearest-names.ts';
import type { QueueHold } from '../workflows/domain/queue-hold.ts';
import { toQueueHold } from '../workflows/domain/queue-hold.ts';
import { endpointQueue, TASKS_QUEUE } from '../workflows/domain/task-queues.ts';
import type { endpointReport } from '../workflows/endpoint-report.ts';
import { toClientError } from './ask-worker.ts';
import { TaskClientError } from './task-client-error.ts';

export interface EndpointState {
  readonly name: string;
  readonly cloud: string;
  readonly region: string | null;
  readonly models: readonly string[];
  readonly hold: QueueHold | null;
  /** Calls that wait for a worker to take them, as Temporal estimates it. */
  readonly backlog: number;
  /** Worker processes that poll it now, as far as Temporal has seen them in the last minutes. */
  readonly workers: number;
}

/** What is done to an endpoint; `perSecond` 0 drains it, null lifts whatever holds it. */
export interface HoldRequest {
  readonly perSecond: number | null;
  /** For the other operators and the tasks' story. */
  readonly reason?: string;
}

/** `TASK_QUEUE_TYPE_ACTIVITY` of Temporal's API. */
const ACTIVITY_QUEUE = 2;
/** A worker answers within milliseconds; without one nobody ever does. */
const REPORT_TIMEOUT_MS = 8_000;
/** Temporal's UI and our summaries show it in one line. */
const REASON_CHARACTERS = 60;

/** The configured endpoints with what holds them. @throws TaskClientError `no-worker` when nobody can say which there are */
export async function listEndpoints(client: Client): Promise<readonly EndpointState[]> {
  const { endpoints } = await askReport(client);
  return Promise.all(
    endpoints.map(async (endpoint) => ({ ...endpoint, ...(await describeQueue(client, endpointQueue(endpoint.name))) })),
  );
}

/** @throws TaskClientError `not-found` naming the nearest endpoints; RangeError when the rate is no rate */
export async function holdEndpoint(client: Client, name: string, { perSecond, reason = '' }: HoldRequest): Promise<void> {
  if (perSecond !== null && !(Number.isFinite(perSecond) && perSecond >= 0)) {
    throw new RangeError(`${perSecond} is no rate: use a number of calls per second, 0 or more`);
  }
  await assertKnown(client, name);
  const words = reason.replaceAll(/\s+/g, ' ').trim().slice(0, REASON_CHARACTERS);
  await serviceOf(client).updateTaskQueueConfig({
    namespace: client.options.namespace,
    identity: `${userInfo().username}@${hostname()}`,
    taskQueue: endpointQueue(name),
    taskQueueType: ACTIVITY_QUEUE,
    updateQueueRateLimit: {
      ...(perSecond === null ? {} : { rateLimit: { requestsPerSecond: perSecond } }),
      reason: words,
    },
  });
}

/** Without a worker the name cannot be checked, and an operator may have to drain before any is started. */
async function assertKnown(client: Client, name: string): Promise<void> {
  try {
    const names = (await askReport(client)).endpoints.map((endpoint) => endpoint.name);
    if (names.includes(name)) return;
    const near = nearestNames(name, names).join(', ');
    throw new TaskClientError(
      'not-found',
      `there is no endpoint "${name}" (nearest: ${near}); "anyport endpoints list" shows all`,
    );
  } catch (error) {
    if (!(error instanceof TaskClientError) || error.problem !== 'no-worker') throw error;
    const { workers, hold } = await describeQueue(client, endpointQueue(name));
    if (workers > 0 || hold !== null) return;
    throw error;
  }
}

async function askReport(client: Client): Promise<EndpointReport> {
  try {
    return await client.workflow.execute<typeof endpointReport>('endpointReport', {
      workflowId: `endpoint-report/${randomUUID()}`,
      taskQueue: TASKS_QUEUE,
      workflowExecutionTimeout: REPORT_TIMEOUT_MS,
    });
  } catch (error) {
    if (!isTimeout(error)) throw toClientError(error, 'the endpoints');
    const message =
      'no worker answers, so nobody can say which endpoints there are: start one ("npm start", or "anyport worker")';
    throw new TaskClientError('no-worker', message, { cause: error });
  }
}

async function describeQueue(client: Client, queue: string): Promise<Pick<EndpointState, 'hold' | 'backlog' | 'workers'>> {
  const { config, pollers, stats } = await serviceOf(client).describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: queue },
    taskQueueType: ACTIVITY_QUEUE,
    reportConfig: true,
    reportStats: true,
    reportPollers: true,
  });
  const identities = new Set((pollers ?? []).map(({ identity }) => identity));
  return { hold: toQueueHold(config) ?? null, backlog: Number(stats?.approximateBacklogCount ?? 0), workers: identities.size };
}

function serviceOf(client: Client): Connection['workflowService'] {
  return client.workflowService;
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && error.cause.name === 'TimeoutFailure';
}
