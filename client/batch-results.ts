/** How far a batch is, and what its lines came to. Results are read from the lines' own workflows: they need no worker. */
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import { arrayFromPayloads } from '@temporalio/common';
import { z } from 'zod';
import type { TaskResult } from '../workflows/activity-interfaces.ts';
import type { LineRange } from '../workflows/domain/batch-window.ts';
import type { BatchId, TaskId } from '../workflows/domain/ids.ts';
import { batchTaskId, batchWorkflowId, taskWorkflowId } from '../workflows/domain/ids.ts';
import type { BatchStatus } from '../workflows/domain/task-status.ts';
import { batchStatusQuery } from '../workflows/messages.ts';
import { askWorker, toClientError } from './ask-worker.ts';
import { isOpen } from './follow-task.ts';
import { TaskClientError } from './task-client-error.ts';
import { awaitOutcome } from './task-outcome.ts';

/** One line of a batch. `problem`: ended without a result, or never a task. */
export type BatchLineResult =
  | ({ readonly line: number } & TaskResult)
  | { readonly line: number; readonly taskId: string; readonly state: 'not-started' | 'running' }
  | {
      readonly line: number;
      readonly taskId: string;
      readonly state: 'broken';
      readonly problem: string;
    }
  | { readonly line: number; readonly state: 'bad-line'; readonly problem: string };

interface BatchPart {
  readonly lines: readonly LineRange[];
  readonly badLines: readonly { readonly line: number; readonly problem: string }[];
}

/** Requests in flight: the server answers one in about 2 ms, so more would only queue there. */
const READ_AHEAD = 8;

const batchPartSchema = z.object({
  lines: z.array(z.object({ first: z.int(), last: z.int() })),
  badLines: z.array(z.object({ line: z.int(), problem: z.string() })),
}) satisfies z.ZodType<BatchPart>;

export function readBatchStatus(client: Client, batchId: BatchId): Promise<BatchStatus> {
  return askWorker(client, askedBatch(batchId), batchStatusQuery);
}

/** Yields in the order of the file. @throws TaskClientError `not-found` */
export async function* readBatchResults(client: Client, batchId: BatchId): AsyncGenerator<BatchLineResult, void> {
  const part = await readInput(client, batchId);
  const bad = [...part.badLines];
  const ahead: Promise<BatchLineResult>[] = [];
  const numbers = eachLine(part.lines);
  for (;;) {
    fill(ahead, () => {
      const { value, done } = numbers.next();
      if (done === true) return undefined;
      const result = readLineResult(client, batchId, value);
      // It is awaited in its turn; a failure before that is not an unhandled one.
      result.catch(() => undefined);
      return result;
    });
    const next = await ahead.shift();
    while (bad[0] !== undefined && (next === undefined || bad[0].line < next.line)) yield asBadLine(bad.shift());
    if (next === undefined) return;
    yield next;
  }
}

function fill<Item>(items: Item[], more: () => Item | undefined): void {
  while (items.length < READ_AHEAD) {
    const item = more();
    if (item === undefined) return;
    items.push(item);
  }
}

function* eachLine(ranges: readonly LineRange[]): Generator<number, undefined> {
  for (const { first, last } of ranges) {
    for (let line = first; line <= last; line += 1) yield line;
  }
  return undefined;
}

function asBadLine(bad: BatchPart['badLines'][number] | undefined): BatchLineResult {
  return { line: bad?.line ?? 0, state: 'bad-line', problem: bad?.problem ?? '' };
}

async function readLineResult(client: Client, batchId: BatchId, line: number): Promise<BatchLineResult> {
  const taskId = batchTaskId(batchId, line);
  const standing = await standingOf(client, taskId);
  if (standing !== 'ended') return { line, taskId, state: standing };
  try {
    return { line, ...(await awaitOutcome(client, taskId)) };
  } catch (error) {
    if (!(error instanceof TaskClientError)) throw error;
    return { line, taskId, state: 'broken', problem: error.message };
  }
}

async function standingOf(client: Client, taskId: TaskId): Promise<'not-started' | 'running' | 'ended'> {
  try {
    const { status } = await client.workflow.getHandle(taskWorkflowId(taskId)).describe();
    return isOpen(status.name) ? 'running' : 'ended';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'not-started';
    throw toClientError(error, `task ${taskId}`);
  }
}

/** Which lines are tasks is in the batch's input, the first event of its history, in every run the same. */
async function readInput(client: Client, batchId: BatchId): Promise<BatchPart> {
  const { workflowId, subject } = askedBatch(batchId);
  try {
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId },
      maximumPageSize: 1,
    });
    const payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    const [input] = await decode(client, payloads);
    return batchPartSchema.parse(input);
  } catch (error) {
    throw isNotFound(error)
      ? new TaskClientError('not-found', `there is no ${subject} on this Temporal server`, {
          cause: error,
        })
      : toClientError(error, subject);
  }
}

/** Codecs encode in their order and so decode in the reverse. */
async function decode(client: Client, encoded: Payload[]): Promise<unknown[]> {
  const { payloadCodecs, payloadConverter } = client.options.loadedDataConverter;
  let payloads = encoded;
  for (const codec of payloadCodecs.toReversed()) payloads = await codec.decode(payloads);
  return arrayFromPayloads(payloadConverter, payloads);
}

function isNotFound(error: unknown): boolean {
  const GRPC_NOT_FOUND = 5;
  return error instanceof Error && 'code' in error && error.code === GRPC_NOT_FOUND;
}

function askedBatch(batchId: BatchId) {
  return { workflowId: batchWorkflowId(batchId), subject: `batch ${batchId}` };
}
