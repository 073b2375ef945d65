import type { TaskId } from '../../workflows/domain/ids.ts';
import type { AgentReport } from '../../workflows/domain/sub-agent.ts';
import type { CallClass, TaskPlan, ToolDefinition } from '../../workflows/domain/tool-call.ts';
import type { ToolImage, ToolInput, ToolOutcome } from '../../workflows/domain/transcript.ts';
import type { AgentsNeeded } from '../../workflows/domain/turn.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** What a running tool may touch. */
export interface ToolContext {
  readonly taskId: TaskId;
  readonly callId: string;
  /** Absolute, symlink-free path of the workspace's root. */
  readonly workspace: string;
  readonly sandbox: Sandbox;
  /** Absolute path of a folder for outputs that are longer than what is kept in memory. Absent: their middle is lost. */
  readonly outputFolder?: string;
  readonly signal: AbortSignal;
  /** Whether this very call may do outside of the sandbox what it asks to do there. Default: no. */
  readonly escalate?: boolean;
  /** What became of what the tool had the workflow do. */
  readonly report?: AgentReport;
}

/**
 * `output` is what the model reads; `failed` means the tool says so itself (a red test, a patch that does not apply), `unknown` that it
 * cannot tell what became of what it asked of somebody else.
 */
export interface ToolReturn {
  readonly outcome: ToolOutcome;
  readonly output: string;
  /** Shown to the model after the output, where the deployment takes images. */
  readonly images?: readonly ToolImage[];
  /** What the model plans, when the call told it. */
  readonly plan?: TaskPlan;
}

/** One tool. `run` gets the input as the model wrote it and answers every mistake in it with words for the model. */
export interface Tool extends Pick<CallClass, 'retryClass' | 'risk'> {
  readonly definition: ToolDefinition;
  /** What this very call may do, where that depends on its input; must not throw. Default: what the tool says of itself. */
  classify?(input: ToolInput): CallClass;
  /** Asked first of a tool that has the workflow do something: what. `run` is then told what became of it. */
  order?(input: ToolInput, context: ToolContext): Promise<AgentsNeeded | ToolReturn>;
  run(input: ToolInput, context: ToolContext): Promise<ToolReturn>;
}
