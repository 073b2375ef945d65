import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import { ModelFailureError } from '../clouds/cloud-client.ts';

/** Of a name; it stands in the journal and in the task's reason. */
const MOST_CHARACTERS = 60;

/**
 * What an opening failed at, when that is the agent which the task itself asked for: a matter of the task, which must not be held against
 * the deployment. Another service may have an agent of that name.
 */
export function ofRefusedAgent(error: ModelFailureError, agent: string | undefined): ModelFailureError {
  const code = agent === undefined ? undefined : whatIsWrong(error.failure, agent.slice(0, MOST_CHARACTERS));
  if (code === undefined) return error;
  return new ModelFailureError({ ...error.failure, kind: 'ineligible', scope: 'request', code }, { cause: error });
}

function whatIsWrong({ kind, phase, code }: ModelFailure, agent: string): string | undefined {
  if (kind === 'unsupported' && code === 'saved agents') return 'it has no saved agents';
  // A name that is none there is refused before it is sent.
  return kind === 'not-found' || (kind === 'invalid-request' && phase === 'resolve') ? `no agent "${agent}" there` : undefined;
}
