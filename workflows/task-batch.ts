/** The workflow of a batch: a sliding window of tasks, going on in a new run as often as its history asks for it. */
import {
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  StoreBatchLinesInput,
  StoreBatchLinesResult,
  TaskActivities,
  TaskBatchInput,
  TaskBatchResult,
} from './activity-interfaces.ts';
import { STORE_ACTIVITY } from './activity-options.ts';
import { cancelLine, hasEnded, runLine } from './batch-line.ts';
import { lineEndedSignal } from './batch-report.ts';
import type { BatchProgress, LineState } from './domain/batch-window.ts';
import { countLines, isWithin, lineEnded, lineStarted, nextLine, NO_PROGRESS } from './domain/batch-window.ts';
import type { BatchId } from './domain/ids.ts';
import { batchIdOfWorkflow, batchTaskId } from './domain/ids.ts';
import { TASKS_QUEUE } from './domain/task-queues.ts';
import type { BatchStatus } from './domain/task-status.ts';
import { batchStatusQuery } from './messages.ts';
import { shouldContinueAsNew } from './task-effects.ts';

/** A task that an operator terminated reports nothing; its line is looked after this often. */
const LOOK_AFTER_MS = 600_000;

interface Batch {
  readonly id: BatchId;
  readonly input: TaskBatchInput;
  progress: BatchProgress;
  /** Lines of this run whose tasks it follows itself; the other running ones were started by earlier runs. */
  readonly followed: Set<number>;
  /** Lines whose tasks Temporal has not confirmed yet: a run that ended now might lose them. */
  readonly starting: Set<number>;
}

/** Stores one chunk of a batch's lines; a workflow, so that a client needs no way to the task store but Temporal. */
export function taskBatchLines(input: StoreBatchLinesInput): Promise<StoreBatchLinesResult> {
  const store = proxyActivities<TaskActivities>({
    ...STORE_ACTIVITY,
    taskQueue: TASKS_QUEUE,
    summary: `store ${input.lines.length} ${input.lines.length === 1 ? 'line' : 'lines'}`,
  });
  return store.storeBatchLines(input);
}

/** Runs every line of a batch as a task of its own, `window` at once. A failed line does not fail the batch. */
export async function taskBatch(input: TaskBatchInput): Promise<TaskBatchResult> {
  const id = batchIdOfWorkflow(workflowInfo().workflowId);
  const batch: Batch = { id, input, progress: input.progress ?? NO_PROGRESS, followed: new Set(), starting: new Set() };
  setHandler(batchStatusQuery, () => statusOf(batch));
  setHandler(lineEndedSignal, ({ line, state }) => endLine(batch, line, state));
  try {
    await runWindow(batch);
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => cancelRunning(batch));
    throw error;
  }
  const { completed, failed, cancelled } = batch.progress;
  return { total: countLines(input.lines), completed, failed, cancelled };
}

async function runWindow(batch: Batch): Promise<void> {
  const { input } = batch;
  for (;;) {
    const full = shouldContinueAsNew();
    if (!full) fillWindow(batch);
    if (batch.progress.running.length === 0 && batch.progress.started === countLines(input.lines)) return;
    if (full) {
      await condition(() => batch.starting.size === 0);
      await continueAsNew<typeof taskBatch>({ ...input, progress: batch.progress });
    }
    await nextEnd(batch);
  }
}

function fillWindow(batch: Batch): void {
  const limits = { ranges: batch.input.lines, window: batch.input.window };
  for (let line = nextLine(batch.progress, limits); line !== undefined; line = nextLine(batch.progress, limits)) {
    batch.progress = lineStarted(batch.progress, line);
    batch.followed.add(line);
    batch.starting.add(line);
    // A cancel of the batch reaches its tasks by `cancelRunning`, which also reaches those of earlier runs.
    void CancellationScope.nonCancellable(() => follow(batch, Number(line)));
  }
  setCurrentDetails(cardOf(batch));
}

async function follow(batch: Batch, line: number): Promise<void> {
  const kind = isWithin(batch.input.managed ?? [], line) ? { managed: true as const } : {};
  const end = await runLine({ batchId: batch.id, line, ...kind, onStarted: () => batch.starting.delete(line) });
  batch.followed.delete(line);
  if (end === 'joined') await lookAfter(batch, line, 'completed');
  else endLine(batch, line, end);
}

/** Waits until a line ends; without a timer as long as this run follows all of them itself. */
async function nextEnd(batch: Batch): Promise<void> {
  const before = batch.progress;
  const joined = before.running.filter((line) => !batch.followed.has(line));
  if (joined.length === 0) return condition(() => batch.progress !== before);
  if (await condition(() => batch.progress !== before, LOOK_AFTER_MS)) return;
  await Promise.all(joined.map((line) => lookAfter(batch, line, 'failed')));
}

/** `unreported`: what a task that has ended unseen counts as. */
async function lookAfter(batch: Batch, line: number, unreported: LineState): Promise<void> {
  if (await hasEnded(batch.id, line)) endLine(batch, line, unreported);
}

async function cancelRunning(batch: Batch): Promise<void> {
  await Promise.all(batch.progress.running.map((line) => cancelLine(batch.id, line)));
  while (batch.progress.running.length > 0) await nextEnd(batch);
}

function endLine(batch: Batch, line: number, state: LineState): void {
  batch.progress = lineEnded(batch.progress, line, state);
  setCurrentDetails(cardOf(batch));
}

function statusOf({ id, input, progress }: Batch): BatchStatus {
  const { started, completed, failed, cancelled } = progress;
  return {
    batchId: id,
    total: countLines(input.lines),
    started,
    completed,
    failed,
    cancelled,
    running: progress.running.map((line) => batchTaskId(id, line)),
    window: input.window,
    badLines: input.badLines,
    badLineCount: input.badLineCount,
  };
}

function cardOf(batch: Batch): string {
  const { total, started, completed, failed, cancelled, running, badLineCount } = statusOf(batch);
  return [
    `**${completed + failed + cancelled} of ${total}** tasks ended · ${running.length} running · ${total - started} to start`,
    '',
    `- completed ${completed} · failed ${failed} · cancelled ${cancelled}`,
    `- lines that are no tasks: ${badLineCount}`,
  ].join('\n');
}
