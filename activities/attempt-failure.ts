/** Failures of attempts that nobody sent, or whose end nobody saw. */
import type { DeploymentId } from '../workflows/domain/ids.ts';
import { endpointOf } from '../workflows/domain/ids.ts';
import type { ModelFailure } from '../workflows/domain/model-failure.ts';
import type { Reason } from '../workflows/domain/reason.ts';
import type { AttemptState } from './store/task-store.ts';

/** As of the codes of clouds. */
const CODE_CHARACTERS = 80;

/** What an attempt that another worker left behind has come to. */
export function failureOf(state: AttemptState): ModelFailure {
  if (state.kind === 'failed') return state.failure;
  const interrupted = { kind: 'interrupted', scope: 'request', code: 'worker lost' } as const;
  if (state.kind === 'sending') return { ...interrupted, phase: 'sent', acceptance: 'unknown' };
  const responseId = 'responseId' in state ? state.responseId : undefined;
  const known = responseId === undefined ? {} : { responseId };
  return { ...interrupted, ...known, phase: 'started', acceptance: 'accepted' };
}

/** Facts have changed since its route was planned. */
export function ineligible(reasons: readonly Reason[]): ModelFailure {
  const codes = [...new Set(reasons.map(({ code }) => code))].join(' ');
  return {
    kind: 'ineligible',
    phase: 'resolve',
    acceptance: 'not-accepted',
    scope: 'deployment',
    code: codes.slice(0, CODE_CHARACTERS),
  };
}

/** Its endpoint's queue is polled here, but the model is not: the configuration changed while the task ran. */
export function notServed(deployment: DeploymentId): ModelFailure {
  return {
    kind: 'not-found',
    phase: 'resolve',
    acceptance: 'not-accepted',
    scope: 'deployment',
    code: `no longer configured at ${endpointOf(deployment)}`,
  };
}
