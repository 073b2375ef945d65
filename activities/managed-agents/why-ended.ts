import type { ModelFailure } from '../../workflows/domain/model-failure.ts';

/** What was said too much in one answer would be said in another session, too. */
const ONE_ANSWER = /^max_(?:output_)?tokens$/i;

/**
 * Why nothing more can be said to a session that refused, or failed at, what was said; `undefined`: it is not the session's end. Of an
 * opening the same failures mean that the model, or the agent, is not there, and that the task itself is too long.
 */
export function whyEnded({ kind, code }: ModelFailure): 'session lost' | 'session full' | undefined {
  if (kind === 'not-found') return 'session lost';
  // Another one begins with what matters of it.
  return kind === 'context-overflow' && !ONE_ANSWER.test(code ?? '') ? 'session full' : undefined;
}
