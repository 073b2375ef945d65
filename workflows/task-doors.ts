/** All that can be said to a running task, and asked of it: budgets, approvals, messages, and agents of its own. */
import { workflowInfo } from '@temporalio/workflow';
import type { RollBackInput, RollBackResult } from './activity-interfaces.ts';
import { WORKSPACE_ACTIVITY } from './activity-options.ts';
import type { ApprovalDesk } from './approval-desk.ts';
import { openApprovalDesk } from './approval-desk.ts';
import type { Conversation, ConversationState } from './conversation.ts';
import { openConversation } from './conversation.ts';
import type { ApprovalChanges } from './domain/approval.ts';
import { toTaskId } from './domain/ids.ts';
import type { AgentSummary, ApprovalRecord } from './domain/task-result.ts';
import type { LoopState } from './loop-state.ts';
import type { OpenedTask } from './open-task.ts';
import { takeRaises } from './raise-budget.ts';
import { SubAgents } from './sub-agents.ts';
import { storeFor } from './task-effects.ts';
import type { TaskStory } from './task-story.ts';
import type { WorkspaceHost } from './workspace-host.ts';

/** What is known of a running task when it ends in the middle of something. */
export interface Progress {
  opened: OpenedTask | null;
  host: WorkspaceHost | null;
  loop: LoopState | null;
  hasEnded: boolean;
}

/** What can be said to a task, and asked of it. */
export interface Doors {
  readonly story: TaskStory;
  readonly desk: ApprovalDesk;
  readonly conversation: Conversation;
  readonly agents: SubAgents;
}

/** What was said to the task in its earlier runs. */
export interface Said {
  readonly approvals?: ApprovalChanges;
  readonly decisions?: readonly ApprovalRecord[];
  readonly conversation?: ConversationState;
  readonly agents?: readonly AgentSummary[];
}

export interface DoorsOptions {
  readonly progress: Progress;
  readonly continued: Said | undefined;
  /** It goes on after its end: until it has been opened again it does nothing. */
  readonly isReopened: boolean;
}

/** Called before the first await, so that nothing that is asked of a task finds it without an answer. */
export function openDoors(story: TaskStory, { progress, continued, isReopened }: DoorsOptions): Doors {
  const hasEnded = (): boolean => progress.hasEnded;
  const isIdle = (): boolean => isReopened && progress.opened === null;
  const tell: TaskStory['tell'] = (event) => story.tell(event);
  takeRaises({
    budget: () => (progress.opened === null ? undefined : (progress.opened.budget ?? null)),
    hasEnded,
    raise(budget) {
      if (progress.opened !== null) progress.opened = { ...progress.opened, budget };
      story.tell({ kind: 'budget-raised', budget });
    },
  });
  const conversation = openConversation({
    begin: continued?.conversation,
    hasEnded,
    turn: () => (isIdle() ? undefined : story.status().turn),
    isIdle,
    tell,
    store: (message) => storeFor('write down a message').putMessage({ ...message, run: workflowInfo().firstExecutionRunId }),
    hurry: () => storeFor('end what runs').stopTask(),
    rollBack: (toTurn, turn) => rollBack(progress, { toTurn, turn }),
  });
  const desk = openApprovalDesk({ begin: continued?.approvals, decided: continued?.decisions ?? [], hasEnded, tell });
  const taskId = toTaskId(story.status().taskId);
  return { story, conversation, desk, agents: new SubAgents({ taskId, begin: continued?.agents ?? [], tell }) };
}

async function rollBack({ host }: Progress, input: RollBackInput): Promise<RollBackResult> {
  const summary = `go back to turn ${input.toTurn}`;
  if (host === null) return storeFor(summary).rollBack(input);
  return host.run({ ...WORKSPACE_ACTIVITY, summary }, (activities) => activities.rollBack(input));
}

/** To be carried into the next run, once no handler runs any more. */
export function saidSoFar({ desk, conversation, agents }: Doors): Said {
  const approvals = desk.changes();
  const decisions = desk.decisions();
  const summaries = agents.summaries();
  return {
    ...(approvals === undefined ? {} : { approvals }),
    ...(decisions.length === 0 ? {} : { decisions }),
    conversation: conversation.state(),
    ...(summaries.length === 0 ? {} : { agents: summaries }),
  };
}
