/** Binds the loop's effects to Temporal: activities on the queue where they can run, each with a line for the UI, and timers. */
import { condition, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow';
import type { EndpointActivities, HostActivities, TaskActivities } from './activity-interfaces.ts';
import { MODEL_ACTIVITY, MODEL_ACTIVITY_OF_POLICY_1, STORE_ACTIVITY, TOOL_ACTIVITY } from './activity-options.ts';
import type { LoopEffects, LoopState } from './agent-loop.ts';
import { heldBy, isNotPolled, lostWithItsWorker, toAttemptOutcome } from './attempt-outcome.ts';
import type { TaskBudget } from './domain/budget.ts';
import { endpointOf } from './domain/ids.ts';
import { endpointQueue, fairnessKeyOf, TASKS_QUEUE } from './domain/task-queues.ts';
import type { TaskEventBody } from './domain/task-status.ts';
import type { Attempt } from './domain/turn.ts';
import type { TurnPolicy } from './domain/turn-policy.ts';
import type { AttemptOutcome } from './model-turn.ts';

/** A run of this size replays in a fraction of a second; Temporal's own suggestion comes at 4,000 events. */
const CONTINUE_AS_NEW_EVENTS = 2_000;
/** Names of tools come from the model: what is no plain name must not become a line of the operators' UI. */
const TOOL_NAME = /^[A-Za-z0-9_.-]{1,64}$/;

export interface TaskBindings {
  /** Absent in tasks planned with policy 1, whose calls wait longer in a queue and are not explained. */
  readonly policy: TurnPolicy | undefined;
  /** Of a named tenant; a batch's line learns it only when it is read, so its workflow does not carry it. */
  readonly tenant: string | undefined;
  /** Where the task's tools run. */
  readonly toolQueue: string;
  budget(): TaskBudget | null;
  tell(event: TaskEventBody): void;
  remember(state: LoopState): void;
}

/** The effects of a running task. */
export function createTaskEffects({ policy, tenant, toolQueue, budget, tell, remember }: TaskBindings): LoopEffects {
  return {
    budget,
    awaitRaise: (current) => condition(() => budget() !== current),
    tell,
    remember,
    nowMs: () => Date.now(),
    chance: () => Math.random(),
    sleepUntil: (untilMs, summary) => sleep(Math.max(untilMs - Date.now(), 1), { summary }),
    shouldContinueAsNew,
    async invokeModel(attempt, { deadlineMs, reason }) {
      const { invokeModel } = proxyActivities<EndpointActivities>({
        ...(policy === undefined ? MODEL_ACTIVITY_OF_POLICY_1 : MODEL_ACTIVITY),
        taskQueue: endpointQueue(endpointOf(attempt.deployment)),
        scheduleToCloseTimeout: Math.max(deadlineMs - Date.now(), 1_000),
        summary: summaryOfAttempt(attempt, reason),
        ...(tenant === undefined ? {} : { priority: { fairnessKey: fairnessKeyOf(tenant) } }),
      });
      const outcome = await toAttemptOutcome(invokeModel(attempt));
      return policy !== undefined && isNotPolled(outcome) ? explain(outcome, attempt) : outcome;
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

/** An operator who drained the endpoint is named in the UI and the story, and the turn learns what else is drained. */
async function explain(outcome: AttemptOutcome, { deployment, turn, attempt }: Attempt): Promise<AttemptOutcome> {
  const endpoint = endpointOf(deployment);
  const { explainEndpoint } = proxyActivities<TaskActivities>({
    ...STORE_ACTIVITY,
    taskQueue: TASKS_QUEUE,
    summary: `why nobody took the call at ${endpoint}`,
  });
  const { hold, wasSent, health } = await explainEndpoint({ endpoint, deployment, turn, attempt });
  const explained = wasSent === true ? lostWithItsWorker() : hold === undefined ? outcome : heldBy(hold);
  return { ...explained, ...(health === undefined ? {} : { health }) };
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
