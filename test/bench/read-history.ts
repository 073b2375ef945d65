/** What the benchmark reads from Temporal: when each turn began, and how many bytes a task's histories have. */
import type { Client } from '@temporalio/client';

/** Milliseconds from one call of `activityType` to the next, over a workflow's newest run. */
export async function turnTimes(client: Client, workflowId: string, activityType: string): Promise<readonly number[]> {
  const { events = [] } = await client.workflow.getHandle(workflowId).fetchHistory();
  const starts = (events ?? []).flatMap(({ eventTime, activityTaskScheduledEventAttributes: scheduled }) => {
    if (scheduled?.activityType?.name !== activityType || eventTime === undefined || eventTime === null) return [];
    return [Number(eventTime.seconds ?? 0) * 1e3 + (eventTime.nanos ?? 0) / 1e6];
  });
  return starts.slice(1).map((start, index) => start - (starts[index] ?? start));
}

/** The bytes of all runs of a workflow that went on in new ones; walks from run to run by the link in the last event. */
export async function historyBytes(client: Client, workflowId: string, firstRunId: string): Promise<number> {
  let total = 0;
  let runId: string | null | undefined = firstRunId;
  while (typeof runId === 'string' && runId !== '') {
    const run: Run = await readRun(client, workflowId, runId);
    total += run.bytes;
    runId = run.next;
  }
  return total;
}

interface Run {
  readonly bytes: number;
  readonly next: string | null | undefined;
}

async function readRun(client: Client, workflowId: string, runId: string): Promise<Run> {
  const handle = client.workflow.getHandle(workflowId, runId);
  const { historySize } = await handle.describe();
  const last = (await handle.fetchHistory()).events?.at(-1);
  return { bytes: historySize ?? 0, next: last?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId };
}
