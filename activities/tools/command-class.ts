/** What a call that runs a command may do, and whether it may do that here. */
import type { CallClass } from '../../workflows/domain/tool-call.ts';
import type { ToolContext } from './tool.ts';

export interface CommandTraits {
  readonly command: string;
  readonly isEscalated: boolean;
  readonly justification?: string | undefined;
  readonly prefixRule?: readonly string[] | undefined;
}

const NO_REASON = 'The model gave no reason.';

export function classifyCommand({ command, isEscalated, justification, prefixRule = [] }: CommandTraits): CallClass {
  if (!isEscalated) return { retryClass: 'workspace', risk: 'workspace', command };
  const reason = justification?.trim() ?? '';
  return {
    retryClass: 'external',
    risk: 'external',
    command,
    escalation: { justification: reason === '' ? NO_REASON : reason },
    // A rule of no words, or with an empty one, would let more pass than anyone has read.
    ...(prefixRule.length === 0 || prefixRule.some((word) => word.trim() === '') ? {} : { prefixRule }),
  };
}

/** @returns why a command must not run outside of the sandbox, in words for the model */
export function mayRun(isEscalated: boolean, { escalate = false, sandbox }: ToolContext): string | undefined {
  // Where nothing is confined, there is nothing to escape from.
  if (!isEscalated || escalate || sandbox.name === 'none') return undefined;
  return (
    'Nothing was run: this would run outside of the sandbox, and that is not allowed for this task. Do it within the sandbox ' +
    `(${sandbox.hasNetwork ? 'with the allowed hosts' : 'without network'}, writing in the workspace and the temporary folder alone), ` +
    'or say in your answer what a person has to run.'
  );
}
