import type { ModelFailure } from '../../workflows/domain/model-failure.ts';

/** What was said too much in one answer would be said in another session, too. */
const ONE_ANSWER = /^max_(?:output_)?tokens$/i;

/**
 * Why nothing more can be said to a session that refused, or failed at, what was said; `undefined`: it is not the session's end. Of an
 * opening the same failures mean that the model, or the agent, is not there, and that the task itself is too long.
 */
export function whyEnded({
  kind,
  acceptance,
  scope,
  code,
}: ModelFailure): 'session lost' | 'session full' | 'session out of step' | undefined {
  // Otherwise it is the deployment, or something that the turn looked for.
  if (kind === 'not-found' && scope === 'request') return 'session lost';
  // It waits no more for what it is told: its calls expired while a person thought, or somebody ended its turn. If it is the input that
  // is wrong, the opening of another one is refused, too.
  if (kind === 'invalid-request' && acceptance === 'not-accepted') return 'session out of step';
  // Another one begins with what matters of it.
  return kind === 'context-overflow' && !ONE_ANSWER.test(code ?? '') ? 'session full' : undefined;
}
