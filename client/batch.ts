/** Submits a batch: reads its file twice (to know it whole, then to store its lines) and starts its workflow. */
import type { Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { createHash } from 'node:crypto';
import type { StoreBatchLinesInput, TaskBatchInput } from '../workflows/activity-interfaces.ts';
import type { LineRange } from '../workflows/domain/batch-window.ts';
import { countLines } from '../workflows/domain/batch-window.ts';
import type { BatchId } from '../workflows/domain/ids.ts';
import { batchChunkWorkflowId, batchWorkflowId, toBatchId } from '../workflows/domain/ids.ts';
import { TASKS_QUEUE } from '../workflows/domain/task-queues.ts';
import type { taskBatch, taskBatchLines } from '../workflows/task-batch.ts';
import { toClientError } from './ask-worker.ts';
import { readBatchFile } from './batch-file.ts';
import { countOf } from './count-of.ts';
import { TaskClientError } from './task-client-error.ts';

export interface SubmitBatchOptions {
  /** How many tasks run at once; 10 unless told. */
  readonly window?: number;
  readonly onProgress?: (progress: SubmitProgress) => void;
}

export interface SubmitProgress {
  readonly stored: number;
  readonly total: number;
}

export interface BatchSubmission {
  readonly batchId: string;
  /** Lines that are tasks. */
  readonly total: number;
  /** At most 1,000 are listed. */
  readonly badLines: TaskBatchInput['badLines'];
  readonly badLineCount: number;
  /** The same file was submitted before: nothing new was started. */
  readonly alreadySubmitted: boolean;
}

type StoredLine = StoreBatchLinesInput['lines'][number];

interface BatchPlan {
  readonly batchId: BatchId;
  readonly lines: readonly LineRange[];
  readonly managed: readonly LineRange[];
  readonly badLines: TaskBatchInput['badLines'];
  readonly badLineCount: number;
}

const DEFAULT_WINDOW = 10;
/** A run of a batch may have 2,000 children pending; beyond this many at once a batch would need several. */
const WIDEST_WINDOW = 1_000;
/** Temporal refuses a payload of 2 MB. */
const CHUNK_BYTES = 1_000_000;
/** What one activity stores within its timeout also on a slow disk. */
const CHUNK_LINES = 2_000;
/** Enough to keep the store busy; each holds a megabyte here. */
const CHUNKS_AT_ONCE = 4;
const MOST_BAD_LINES = 1_000;
/** A range is about 30 bytes of the batch's input, which every run of it carries: 600 KB. */
const MOST_RANGES = 20_000;

/** @throws TaskClientError `invalid-file` when the file has no task at all, or cannot be read */
export async function submitBatch(client: Client, file: string, options: SubmitBatchOptions = {}): Promise<BatchSubmission> {
  const window = checkWindow(options.window ?? DEFAULT_WINDOW);
  const plan = await planBatch(file);
  const { batchId, badLines, badLineCount } = plan;
  const total = countLines(plan.lines);
  const submission = { batchId, total, badLines, badLineCount };
  try {
    if (await isKnown(client, batchId)) return { ...submission, alreadySubmitted: true };
    await storeLines(client, {
      file,
      plan,
      total,
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    });
    return { ...submission, alreadySubmitted: !(await startBatch(client, plan, window)) };
  } catch (error) {
    throw toClientError(error, `batch ${batchId}`);
  }
}

/** A batch is its content, so that the same file submitted twice is one batch, whatever its name. */
export async function planBatch(file: string): Promise<BatchPlan> {
  const hash = createHash('sha256');
  const lines: LineRange[] = [];
  const managed: LineRange[] = [];
  const badLines: { readonly line: number; readonly problem: string }[] = [];
  let badLineCount = 0;
  for await (const line of readBatchFile(file, hash)) {
    if (line.kind === 'task') {
      addLine(lines, line.line);
      if (line.request.managed === true) addLine(managed, line.line);
    } else {
      badLineCount += 1;
      if (badLines.length < MOST_BAD_LINES) badLines.push({ line: line.line, problem: line.problem });
    }
  }
  if (lines.length === 0) throw new TaskClientError('invalid-file', describeNoTask(file, badLines));
  if (lines.length > MOST_RANGES) {
    throw new TaskClientError(
      'invalid-file',
      `the file ${file} has ${badLineCount} lines that are no tasks, scattered all over it: mend it first`,
    );
  }
  if (managed.length > MOST_RANGES) {
    throw new TaskClientError(
      'invalid-file',
      `the file ${file} has lines of managed agents scattered all over it: put the lines of one kind together`,
    );
  }
  return {
    batchId: toBatchId(`b-${hash.digest('hex').slice(0, 16)}`),
    lines,
    managed,
    badLines,
    badLineCount,
  };
}

function addLine(ranges: LineRange[], line: number): void {
  const last = ranges.at(-1);
  if (last !== undefined && last.last === line - 1) ranges[ranges.length - 1] = { first: last.first, last: line };
  else ranges.push({ first: line, last: line });
}

function describeNoTask(file: string, badLines: TaskBatchInput['badLines']): string {
  const first = badLines[0];
  if (first === undefined)
    return `the file ${file} is empty: write one JSON task per line, such as {"prompt":"…","model":"gpt-6.1-sol"}`;
  return `no line of ${file} is a task; line ${first.line}: ${first.problem}`;
}

function checkWindow(window: number): number {
  if (Number.isInteger(window) && window >= 1 && window <= WIDEST_WINDOW) return window;
  throw new RangeError(`the window is ${window}: write a whole number from 1 to ${WIDEST_WINDOW}`);
}

/** A batch that was cancelled or terminated may be submitted again: it goes on with the lines that have not completed. */
async function isKnown(client: Client, batchId: BatchId): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(batchWorkflowId(batchId)).describe();
    return (
      status.name === 'RUNNING' || status.name === 'PAUSED' || status.name === 'CONTINUED_AS_NEW' || status.name === 'COMPLETED'
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

interface Storing {
  readonly file: string;
  readonly plan: BatchPlan;
  readonly total: number;
  readonly onProgress?: (progress: SubmitProgress) => void;
}

/** Stores all lines, a few chunks at once. Storing a line again is harmless, so a submission that broke is simply repeated. */
async function storeLines(client: Client, { file, plan, total, onProgress }: Storing): Promise<void> {
  const storing = new Set<Promise<void>>();
  let stored = 0;
  let number = 0;
  for await (const lines of readChunks(file, plan.batchId)) {
    number += 1;
    const chunk = storeChunk(client, batchChunkWorkflowId(plan.batchId, number), lines).then(() => {
      storing.delete(chunk);
      stored += lines.length;
      onProgress?.({ stored, total });
    });
    storing.add(chunk);
    // A chunk that fails rejects below; until then nobody else may see it as unhandled.
    chunk.catch(() => undefined);
    if (storing.size >= CHUNKS_AT_ONCE) await Promise.race(storing);
  }
  await Promise.all(storing);
}

async function* readChunks(file: string, batchId: BatchId): AsyncGenerator<readonly StoredLine[], void> {
  const hash = createHash('sha256');
  let lines: StoredLine[] = [];
  let bytes = 0;
  for await (const line of readBatchFile(file, hash)) {
    if (line.kind === 'bad') continue;
    const size = Buffer.byteLength(JSON.stringify(line.request));
    if (lines.length > 0 && (bytes + size > CHUNK_BYTES || lines.length >= CHUNK_LINES)) {
      yield lines;
      lines = [];
      bytes = 0;
    }
    lines.push({ line: line.line, request: line.request });
    bytes += size;
  }
  if (lines.length > 0) yield lines;
  if (!batchId.endsWith(hash.digest('hex').slice(0, 16))) {
    throw new TaskClientError('invalid-file', `the file ${file} changed while it was read: nothing was started, submit it again`);
  }
}

async function storeChunk(client: Client, workflowId: string, lines: readonly StoredLine[]): Promise<void> {
  try {
    await client.workflow.execute<typeof taskBatchLines>('taskBatchLines', {
      workflowId,
      taskQueue: TASKS_QUEUE,
      args: [{ lines }],
      staticSummary: `${countOf(lines.length, 'line')} of a batch`,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
  } catch (error) {
    const { cause } = error instanceof Error ? error : { cause: undefined };
    const reason = cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.message : cause.message) : String(error);
    throw new TaskClientError('broken', `lines ${lines[0]?.line} to ${lines.at(-1)?.line} could not be stored: ${reason}`, {
      cause: error,
    });
  }
}

/** False when the batch was started by another submission in the meantime. */
async function startBatch(
  client: Client,
  { batchId, lines, managed, badLines, badLineCount }: BatchPlan,
  window: number,
): Promise<boolean> {
  try {
    await client.workflow.start<typeof taskBatch>('taskBatch', {
      workflowId: batchWorkflowId(batchId),
      taskQueue: TASKS_QUEUE,
      args: [{ window, lines, badLines, badLineCount, ...(managed.length === 0 ? {} : { managed }) }],
      staticSummary: `batch of ${countOf(countLines(lines), 'task')}, ${window} at once`,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      workflowIdConflictPolicy: 'FAIL',
    });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}
