/** The check of a task's work, once the work is done and its diff is taken: it can say that the work is bad, and never undo it. */
import { ActivityFailure, CancellationScope, isCancellation } from '@temporalio/workflow';
import { CHECK_ACTIVITY, CHECK_OVERHEAD_MS } from './activity-options.ts';
import type { CheckReport, TaskCheck } from './domain/task-check.ts';
import { CHECK_TIMEOUT_MS, notRun } from './domain/task-check.ts';
import type { TaskEventBody } from './domain/task-status.ts';
import { toPrintable } from './domain/tool-call.ts';
import type { WorkspaceHost } from './workspace-host.ts';

export type RunCheck = (host: WorkspaceHost, check: TaskCheck) => Promise<CheckReport>;

const SHOWN_CHARACTERS = 60;

/** Called where the workflow begins: its cancel ends a check, though the rest of the closing goes on. */
export function prepareCheck(tell: (event: TaskEventBody) => void): RunCheck {
  const root = CancellationScope.current();
  return async (host, { command, timeoutMs = CHECK_TIMEOUT_MS.usual }) => {
    tell({ kind: 'check-started', command: toPrintable(command, SHOWN_CHARACTERS) });
    const options = { ...CHECK_ACTIVITY, startToCloseTimeout: timeoutMs + CHECK_OVERHEAD_MS, summary: 'check the work' };
    const scope = new CancellationScope({ cancellable: true, parent: root });
    const report = await scope
      .run(() => host.run(options, (activities) => activities.runCheck({ command, timeoutMs })))
      .catch(reportOf);
    const { outcome, exitCode, reason } = report;
    const how = { ...(exitCode === undefined ? {} : { exitCode }), ...(reason === undefined ? {} : { reason }) };
    tell({ kind: 'check-ended', outcome, ...how });
    return report;
  };
}

/** What became of a check is no end of the task. */
function reportOf(error: unknown): CheckReport {
  if (isCancellation(error)) return notRun('the task was cancelled');
  if (error instanceof ActivityFailure) return notRun(toPrintable(error.cause?.message ?? error.message, 4 * SHOWN_CHARACTERS));
  throw error;
}
