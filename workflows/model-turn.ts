/**
 * One turn: attempts at deployments of the route until one gives a whole answer. It knows neither Temporal nor a cloud; what
 * it does to the world is its `effects`.
 */
import type { NextAttempt } from './domain/failover.ts';
import { decideNext } from './domain/failover.ts';
import { classOf } from './domain/failure-class.ts';
import type { DeploymentId } from './domain/ids.ts';
import type { ModelFailure } from './domain/model-failure.ts';
import { describeFailure } from './domain/model-failure.ts';
import type { Pin } from './domain/pin.ts';
import { pinAfter } from './domain/pin.ts';
import type { Route } from './domain/route.ts';
import type { RouteHealth } from './domain/route-health.ts';
import { HEALTHY } from './domain/route-health.ts';
import type { TaskEventBody } from './domain/task-status.ts';
import type { ItemId, TranscriptHead } from './domain/transcript.ts';
import type { Attempt, TurnAnswer } from './domain/turn.ts';
import type { FailedAttempt } from './domain/turn-so-far.ts';
import type { TurnPolicy } from './domain/turn-policy.ts';

/** `health` is what the attempt's worker knew when it ended; absent when nothing spoke against any deployment. */
export type AttemptOutcome = { readonly health?: RouteHealth } & (
  | { readonly kind: 'answered'; readonly answer: TurnAnswer }
  | { readonly kind: 'failed'; readonly failure: ModelFailure }
);

export interface TurnEffects {
  /** One attempt; `reason` says why it is made here, when that is not plain. Throws only when the task is cancelled. */
  invokeModel(attempt: Attempt, limits: { deadlineMs: number; reason: string | undefined }): Promise<AttemptOutcome>;
  /** `summary` names the timer in the Temporal UI. */
  sleepUntil(untilMs: number, summary: string): Promise<void>;
  nowMs(): number;
  /** In [0, 1). */
  chance(): number;
  tell(event: TaskEventBody): void;
}

export interface TurnInput {
  readonly route: Route;
  readonly policy: TurnPolicy;
  readonly turn: number;
  readonly head: TranscriptHead;
  readonly results: readonly ItemId[];
  readonly pin: Pin | null;
  readonly health: RouteHealth;
  /** Whether the task's budget has room for a generation that may have been paid already. */
  readonly canPayTwice: boolean;
  /** What the turn is for; absent: the task's own work. */
  readonly purpose?: 'compact';
  /** Attempts of this turn that failed before the task waited for a larger budget, oldest first. */
  readonly failed?: readonly FailedAttempt[];
}

export type TurnResult = { readonly health: RouteHealth } & (
  | { readonly kind: 'answered'; readonly answer: TurnAnswer; readonly deployment: DeploymentId; readonly pin: Pin }
  | { readonly kind: 'gave-up'; readonly reason: string }
) & { readonly failed: readonly FailedAttempt[] };

/**
 * All attempts, waits and parks of a turn end within this; an hour outlasts most outages of a cloud, and a task that nobody
 * could serve for so long should be seen by someone.
 */
const TURN_DEADLINE_MS = 3_600_000;

const ANSWER_CUT: ModelFailure = {
  kind: 'content-filtered',
  phase: 'terminal',
  acceptance: 'accepted',
  scope: 'request',
  code: 'answer cut by the content filter',
};

/** What a turn has come through so far. */
interface Progress {
  health: RouteHealth;
  readonly failed: FailedAttempt[];
  failedSincePark: number;
  parks: number;
}

/** Runs a turn to its answer, or to the reason why there is none. */
export async function runModelTurn(input: TurnInput, effects: TurnEffects): Promise<TurnResult> {
  const deadlineMs = effects.nowMs() + TURN_DEADLINE_MS;
  const progress: Progress = { health: input.health, failed: [...(input.failed ?? [])], failedSincePark: 0, parks: 0 };
  for (;;) {
    const decision = decideNext({ ...input, ...progress, nowMs: effects.nowMs(), deadlineMs, chance: effects.chance() });
    switch (decision.kind) {
      case 'give-up':
        return { kind: 'gave-up', reason: decision.reason, health: progress.health, failed: progress.failed };
      case 'park':
        effects.tell({ kind: 'parked', turn: input.turn, untilMs: decision.untilMs, reason: decision.reason });
        await effects.sleepUntil(decision.untilMs, `turn ${input.turn} · parked: ${decision.reason}`);
        progress.failedSincePark = 0;
        progress.parks += 1;
        continue;
      case 'wait':
        effects.tell({ kind: 'waiting', turn: input.turn, untilMs: decision.untilMs, reason: decision.reason });
        await effects.sleepUntil(decision.untilMs, `turn ${input.turn} · ${decision.reason}`);
        break;
      case 'attempt':
        break;
    }
    const number = progress.failed.length + 1;
    const outcome = await attemptOnce(input, effects, { ...decision, number, deadlineMs });
    progress.health = outcome.health ?? (wasToldByWorker(outcome) ? HEALTHY : progress.health);
    if (outcome.kind === 'answered') return answered(input, effects, { ...decision, ...outcome, ...progress });
    progress.failed.push({ deployment: decision.deployment, failure: outcome.failure, atMs: effects.nowMs() });
    progress.failedSincePark += 1;
  }
}

/** An answer that a filter cut is worth another cloud where the policy names one; elsewhere it ends the task as it is. */
function refuseFiltered(outcome: AttemptOutcome, { afterFilter }: Route): AttemptOutcome {
  if (outcome.kind === 'failed' || outcome.answer.incomplete !== 'content-filter' || afterFilter === undefined) return outcome;
  const { answer: _cut, ...told } = outcome;
  return { ...told, kind: 'failed', failure: ANSWER_CUT };
}

/** A call that no worker took, or that one took to its grave, says nothing of the deployments: what was known stays. */
function wasToldByWorker(outcome: AttemptOutcome): boolean {
  if (outcome.kind === 'answered') return true;
  const failed = classOf(outcome.failure);
  return failed !== 'not-polled' && failed !== 'interrupted';
}

function answered(
  { pin }: TurnInput,
  effects: TurnEffects,
  { deployment, answer, health, failed }: Progress & { deployment: DeploymentId; answer: TurnAnswer },
): TurnResult {
  const newPin = pinAfter(pin, deployment, { usage: answer.usage, nowMs: effects.nowMs() });
  return { kind: 'answered', answer, deployment, health, pin: newPin, failed };
}

function windowOf({ deployments }: Route, deployment: DeploymentId): Pick<Attempt, 'contextWindow'> {
  const contextWindow = deployments.find(({ id }) => id === deployment)?.contextWindow;
  return contextWindow === undefined ? {} : { contextWindow };
}

async function attemptOnce(
  { route, turn, head, results, purpose }: TurnInput,
  effects: TurnEffects,
  next: NextAttempt & { readonly number: number; readonly deadlineMs: number },
): Promise<AttemptOutcome> {
  const { deployment, reason, retry, dropReasoning, pauseMs, number, deadlineMs } = next;
  const place = { turn, attempt: number, deployment };
  effects.tell({ kind: 'attempt-started', ...place, ...(reason === undefined ? {} : { reason }) });
  const attempt: Attempt = {
    ...place,
    head,
    results,
    ...(purpose === undefined ? {} : { purpose, ...windowOf(route, deployment) }),
    ...(retry === undefined ? {} : { retry }),
    ...(dropReasoning === undefined ? {} : { dropReasoning }),
    ...(pauseMs === undefined ? {} : { pauseMs }),
  };
  const outcome = refuseFiltered(await effects.invokeModel(attempt, { deadlineMs, reason }), route);
  if (outcome.kind === 'failed') {
    const { suspenseUsdMicros: suspense } = outcome.failure;
    const perhaps = suspense === undefined ? {} : { suspenseUsdMicros: suspense };
    effects.tell({ kind: 'attempt-failed', ...place, failure: describeFailure(outcome.failure), ...perhaps });
  }
  return outcome;
}
