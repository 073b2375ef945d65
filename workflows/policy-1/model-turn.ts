/**
 * Frozen: see failover.ts.
 *
 * One turn: attempts at deployments of the route until one gives a whole answer. It knows neither Temporal nor a cloud; what
 * it does to the world is its `effects`.
 */
import type { DeploymentHealth } from './deployment-health.ts';
import { noteFailure, noteSuccess } from './deployment-health.ts';
import type { FailedAttempt } from './failover.ts';
import { decideNext } from './failover.ts';
import type { DeploymentId } from '../domain/ids.ts';
import { describeFailure } from '../domain/model-failure.ts';
import type { Route } from '../domain/route.ts';
import type { ItemId, TranscriptHead } from '../domain/transcript.ts';
import type { TurnAnswer } from '../domain/turn.ts';
import type { AttemptOutcome, TurnEffects } from '../model-turn.ts';

export interface TurnInput {
  readonly route: Route;
  readonly turn: number;
  readonly head: TranscriptHead;
  readonly results: readonly ItemId[];
  /** Where the last turn was answered. */
  readonly current: DeploymentId | null;
  readonly health: readonly DeploymentHealth[];
}

export type TurnResult = { readonly health: readonly DeploymentHealth[] } & (
  | { readonly kind: 'answered'; readonly answer: TurnAnswer; readonly deployment: DeploymentId }
  | { readonly kind: 'gave-up'; readonly reason: string }
);

/**
 * All attempts, waits and parks of a turn end within this; an hour outlasts most outages of a cloud, and a task that nobody
 * could serve for so long should be seen by someone.
 */
const TURN_DEADLINE_MS = 3_600_000;

/** Runs a turn to its answer, or to the reason why there is none. */
export async function runTurnByPolicy1(input: TurnInput, effects: TurnEffects): Promise<TurnResult> {
  const deadlineMs = effects.nowMs() + TURN_DEADLINE_MS;
  let health = input.health;
  const failed: FailedAttempt[] = [];
  let failedSincePark = 0;
  for (;;) {
    const decision = decideNext({
      route: input.route,
      current: input.current,
      health,
      failed,
      failedSincePark,
      nowMs: effects.nowMs(),
      deadlineMs,
      chance: effects.chance(),
    });
    switch (decision.kind) {
      case 'give-up':
        return { kind: 'gave-up', reason: decision.reason, health };
      case 'park':
        effects.tell({ kind: 'parked', turn: input.turn, untilMs: decision.untilMs, reason: decision.reason });
        await effects.sleepUntil(decision.untilMs, `turn ${input.turn} · parked: ${decision.reason}`);
        failedSincePark = 0;
        continue;
      case 'wait':
        effects.tell({ kind: 'waiting', turn: input.turn, untilMs: decision.untilMs, reason: decision.reason });
        await effects.sleepUntil(decision.untilMs, `turn ${input.turn} · ${decision.reason}`);
        break;
      case 'attempt':
        break;
    }
    const { deployment, reason } = decision;
    const outcome = await attemptOnce(input, effects, { deployment, reason, number: failed.length + 1, deadlineMs });
    if (outcome.kind === 'answered') {
      return { kind: 'answered', answer: outcome.answer, deployment, health: noteSuccess(health, deployment) };
    }
    const { failure } = outcome;
    health = noteFailure(health, deployment, { failure, nowMs: effects.nowMs() });
    failed.push({ deployment, failure });
    failedSincePark += 1;
  }
}

interface NextAttempt {
  readonly deployment: DeploymentId;
  readonly reason: string | undefined;
  readonly number: number;
  readonly deadlineMs: number;
}

async function attemptOnce(input: TurnInput, effects: TurnEffects, next: NextAttempt): Promise<AttemptOutcome> {
  const { deployment, reason, number, deadlineMs } = next;
  const { turn, head, results } = input;
  const place = { turn, attempt: number, deployment };
  effects.tell({ kind: 'attempt-started', ...place, ...(reason === undefined ? {} : { reason }) });
  const outcome = await effects.invokeModel({ ...place, head, results }, { deadlineMs, reason });
  if (outcome.kind === 'failed') {
    effects.tell({ kind: 'attempt-failed', ...place, failure: describeFailure(outcome.failure) });
  }
  return outcome;
}
