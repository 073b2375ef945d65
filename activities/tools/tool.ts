import type { ToolDefinition, ToolRetryClass } from '../../workflows/domain/tool-call.ts';
import type { ToolInput } from '../../workflows/domain/transcript.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** What a running tool may touch. */
export interface ToolContext {
  /** Absolute, symlink-free path of the workspace's root. */
  readonly workspace: string;
  readonly sandbox: Sandbox;
  readonly signal: AbortSignal;
}

/** `output` is what the model reads; `failed` means the tool says so itself (a red test, a patch that does not apply). */
export interface ToolReturn {
  readonly outcome: 'ok' | 'failed' | 'refused';
  readonly output: string;
}

/** One tool. `run` gets the input as the model wrote it and answers every mistake in it with words for the model. */
export interface Tool {
  readonly definition: ToolDefinition;
  readonly retryClass: ToolRetryClass;
  run(input: ToolInput, context: ToolContext): Promise<ToolReturn>;
}
