import type { ApprovalPolicy } from './approval.ts';
import type { TaskBudget } from './budget.ts';
import type { OutputSchema } from './output-schema.ts';
import type { Capability } from './route.ts';
import type { TaskCheck } from './task-check.ts';
import type { TaskPolicy } from './tenant-policy.ts';

/** What confines a task's commands; `none` runs them with the worker's own rights. */
export type SandboxChoice = 'bubblewrap' | 'none';

/** The type of a task's workflow: operators look for the tasks of managed agents by it. */
export type TaskWorkflowType = 'agentTask' | 'managedAgentTask';

export function workflowTypeOf({ managed }: Pick<TaskRequest, 'managed'>): TaskWorkflowType {
  return managed === true ? 'managedAgentTask' : 'agentTask';
}

/** What a caller asks for; the input of `agentTask`. */
export interface TaskRequest {
  readonly prompt: string;
  readonly model: string;
  readonly tenant?: string;
  /** The loop runs in a cloud's own service of agents, not here. */
  readonly managed?: true;
  /** The service's id of a saved agent, in place of the one that is configured for the deployment. Of managed tasks alone. */
  readonly agent?: string;
  /** Extra instructions, put after our own. */
  readonly instructions?: string;
  /** Absolute path of a git repository on the worker's host; without it the task has no tools. */
  readonly workspace?: string;
  /** Take the workspace's uncommitted changes along instead of refusing them. */
  readonly includeUncommitted?: boolean;
  readonly sandbox?: SandboxChoice;
  /** `none`: its commands in the sandbox reach no host, whatever the operator allows. Default: what its tenant is allowed. */
  readonly network?: 'none';
  readonly needs?: readonly Capability[];
  /** What the task asks of those who serve it beyond its tenant's policy: it may narrow that, never widen it. */
  readonly policy?: TaskPolicy;
  /** A task that has not ended after this many turns fails with what it has. */
  readonly maxTurns?: number;
  /** What the task may use up before it pauses and asks for more; each part wins over the tenant's. */
  readonly budget?: TaskBudget;
  readonly maxOutputTokens?: number;
  /** What a person is asked about; its mode is at least as strict as its tenant's. Default: the tenant's. */
  readonly approvals?: ApprovalPolicy;
  /** The folder of the repository that the task is about, with `/`, from the root: its AGENTS.md counts. Default: the root. */
  readonly folder?: string;
  /** Whether it may have other agents work for it. Default: no. */
  readonly subAgents?: boolean;
  /** The task looks and answers: it is given no tool whose purpose is to change files, and its instructions say so. */
  readonly readOnly?: boolean;
  /** JSON schema (draft 2020-12 or 7) that the last message must fit: it is asked for again when it does not. */
  readonly outputSchema?: OutputSchema;
  /** Run on what the task left in its workspace, when it has completed; its outcome is told, and changes nothing else. */
  readonly check?: TaskCheck;
}
