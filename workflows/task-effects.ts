/** Binds the loop's effects to Temporal: activities on the queue where they can run, each with a line for the UI, and timers. */
import { condition, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow';
import type { EndpointActivities, HostActivities, TaskActivities } from './activity-interfaces.ts';
import { MODEL_ACTIVITY, MODEL_ACTIVITY_OF_POLICY_1, STORE_ACTIVITY, TOOL_ACTIVITY } from './activity-options.ts';
import type { ApprovalDesk } from './approval-desk.ts';
import { heldBy, isNotPolled, lostWithItsWorker, toAttemptOutcome } from './attempt-outcome.ts';
import type { Conversation } from './conversation.ts';
import type { TaskBudget } from './domain/budget.ts';
import { endpointOf } from './domain/ids.ts';
import { endpointQueue, fairnessKeyOf, TASKS_QUEUE } from './domain/task-queues.ts';
import type { TaskEventBody } from './domain/task-status.ts';
import type { Attempt, CallDecision, ToolCallReference } from './domain/turn.ts';
import type { TurnPolicy } from './domain/turn-policy.ts';
import type { LoopEffects, LoopState } from './loop-state.ts';
import type { AttemptOutcome } from './model-turn.ts';
import type { SubAgents } from './sub-agents.ts';
import type { WorkspaceHost } from './workspace-host.ts';

/** A run of this size replays in a fraction of a second; Temporal's own suggestion comes at 4,000 events. */
const CONTINUE_AS_NEW_EVENTS = 2_000;
/** Names of tools come from the model: what is no plain name must not become a line of the operators' UI. */
const TOOL_NAME = /^[A-Za-z0-9_.-]{1,64}$/;

export interface TaskBindings {
  /** Absent in tasks planned with policy 1, whose calls wait longer in a queue and are not explained. */
  readonly policy: TurnPolicy | undefined;
  /** Of a named tenant; a batch's line learns it only when it is read, so its workflow does not carry it. */
  readonly tenant: string | undefined;
  /** Where the task's tools run; null: it has no workspace. */
  readonly host: WorkspaceHost | null;
  readonly desk: ApprovalDesk;
  readonly conversation: Conversation;
  readonly agents: SubAgents;
  budget(): TaskBudget | null;
  tell(event: TaskEventBody): void;
  remember(state: LoopState): void;
}

/** The effects of a running task. */
export function createTaskEffects(bindings: TaskBindings): LoopEffects {
  const { agents, budget, conversation, desk, tell, remember } = bindings;
  return {
    budget,
    awaitRaise: (current) => condition(() => budget() !== current),
    tell,
    remember,
    nowMs: () => Date.now(),
    chance: () => Math.random(),
    sleepUntil: (untilMs, summary) => sleep(Math.max(untilMs - Date.now(), 1), { summary }),
    shouldContinueAsNew: () => shouldContinueAsNew() && !agents.anyRunning(),
    invokeModel: (attempt, limits) => invokeModel(bindings, attempt, limits),
    runTool: (turn, call, decision) => runTool(bindings, { turn, call, decision }),
    awaitApproval: desk.awaitApproval,
    async carryOut(order, share) {
      if (share !== undefined || order.kind !== 'spawn') return agents.carryOut(order, share ?? null);
      return { report: { kind: 'refused', reason: 'too little of the budget is left for an agent' } };
    },
    interruptible: conversation.interruptible,
    takeMessages: conversation.takeMessages,
    takeRollback: conversation.takeRollback,
    async checkOutput(head) {
      const checked = await storeFor('check the output').checkOutput({ head });
      return checked.valid ? undefined : checked;
    },
  };
}

/** Activities of the task store, under a line for the UI. */
export function storeFor(summary: string) {
  return proxyActivities<TaskActivities>({ ...STORE_ACTIVITY, taskQueue: TASKS_QUEUE, summary });
}

async function invokeModel(
  { policy, tenant }: TaskBindings,
  attempt: Attempt,
  { deadlineMs, reason }: { readonly deadlineMs: number; readonly reason: string | undefined },
): Promise<AttemptOutcome> {
  const activities = proxyActivities<EndpointActivities>({
    ...(policy === undefined ? MODEL_ACTIVITY_OF_POLICY_1 : MODEL_ACTIVITY),
    taskQueue: endpointQueue(endpointOf(attempt.deployment)),
    scheduleToCloseTimeout: Math.max(deadlineMs - Date.now(), 1_000),
    summary: summaryOfAttempt(attempt, reason),
    ...(tenant === undefined ? {} : { priority: { fairnessKey: fairnessKeyOf(tenant) } }),
  });
  const outcome = await toAttemptOutcome(activities.invokeModel(attempt));
  return policy !== undefined && isNotPolled(outcome) ? explain(outcome, attempt) : outcome;
}

/** An operator who drained the endpoint is named in the UI and the story, and the turn learns what else is drained. */
async function explain(outcome: AttemptOutcome, { deployment, turn, attempt }: Attempt): Promise<AttemptOutcome> {
  const endpoint = endpointOf(deployment);
  const { explainEndpoint } = storeFor(`why nobody took the call at ${endpoint}`);
  const { hold, wasSent, health } = await explainEndpoint({ endpoint, deployment, turn, attempt });
  const explained = wasSent === true ? lostWithItsWorker() : hold === undefined ? outcome : heldBy(hold);
  return { ...explained, ...(health === undefined ? {} : { health }) };
}

function runTool(
  { host, desk }: TaskBindings,
  { turn, call, decision }: { turn: number; call: ToolCallReference; decision: CallDecision | undefined },
) {
  const { callId, item, name } = call;
  const tool = TOOL_NAME.test(name) ? name : 'unknown tool';
  const options = { ...TOOL_ACTIVITY, summary: `turn ${turn} · ${tool}` };
  const approvals = desk.changes();
  const input = {
    turn,
    callId,
    item,
    ...(decision === undefined ? {} : { decision }),
    ...(approvals === undefined ? {} : { approvals }),
  };
  if (host !== null) return host.run(options, (activities) => activities.runTool(input));
  return proxyActivities<HostActivities>({ ...options, taskQueue: TASKS_QUEUE }).runTool(input);
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
