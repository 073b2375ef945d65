/** Binds the loop's effects to Temporal: activities on the queue where they can run, each with a line for the UI, and timers. */
import { condition, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow';
import type { EndpointActivities, HostActivities } from './activity-interfaces.ts';
import { MODEL_ACTIVITY, TOOL_ACTIVITY } from './activity-options.ts';
import type { LoopEffects, LoopState } from './agent-loop.ts';
import { toAttemptOutcome } from './attempt-outcome.ts';
import type { TaskBudget } from './domain/budget.ts';
import { endpointOf } from './domain/ids.ts';
import { endpointQueue } from './domain/task-queues.ts';
import type { TaskEventBody } from './domain/task-status.ts';
import type { Attempt } from './domain/turn.ts';

/** A run of this size replays in a fraction of a second; Temporal's own suggestion comes at 4,000 events. */
const CONTINUE_AS_NEW_EVENTS = 2_000;
/** Names of tools come from the model: what is no plain name must not become a line of the operators' UI. */
const TOOL_NAME = /^[A-Za-z0-9_.-]{1,64}$/;

export interface TaskBindings {
  /** Where the task's tools run. */
  readonly toolQueue: string;
  budget(): TaskBudget | null;
  tell(event: TaskEventBody): void;
  remember(state: LoopState): void;
}

/** The effects of a running task. */
export function createTaskEffects({ toolQueue, budget, tell, remember }: TaskBindings): LoopEffects {
  return {
    budget,
    awaitRaise: (current) => condition(() => budget() !== current),
    tell,
    remember,
    nowMs: () => Date.now(),
    chance: () => Math.random(),
    sleepUntil: (untilMs, reason) => sleep(Math.max(untilMs - Date.now(), 1), { summary: reason }),
    shouldContinueAsNew,
    invokeModel(attempt, { deadlineMs, reason }) {
      const { invokeModel } = proxyActivities<EndpointActivities>({
        ...MODEL_ACTIVITY,
        taskQueue: endpointQueue(endpointOf(attempt.deployment)),
        scheduleToCloseTimeout: Math.max(deadlineMs - Date.now(), 1_000),
        summary: summaryOfAttempt(attempt, reason),
      });
      return toAttemptOutcome(invokeModel(attempt));
    },
    runTool(turn, { callId, item, name }) {
      const tool = TOOL_NAME.test(name) ? name : 'unknown tool';
      const { runTool } = proxyActivities<HostActivities>({
        ...TOOL_ACTIVITY,
        taskQueue: toolQueue,
        summary: `turn ${turn} · ${tool}`,
      });
      return runTool({ turn, callId, item });
    },
  };
}

/** Whether this run's history is long enough for a new one. */
export function shouldContinueAsNew(): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= CONTINUE_AS_NEW_EVENTS;
}

function summaryOfAttempt({ turn, deployment }: Attempt, reason: string | undefined): string {
  const place = `turn ${turn} · ${endpointOf(deployment)}`;
  return reason === undefined ? place : `${place} · ${reason}`;
}
