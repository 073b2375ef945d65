/** An attempt that was let through, until it ends: what its end says of the scopes it touched. */
import { endThrottle, noteSuccess, noteSurge, noteThrottle, PROBE_LEASE_MS, renewProbe } from '../../workflows/domain/circuit.ts';
import {
  countAccepted,
  countAnswer,
  countEnd,
  countFailure,
  countFirstEvent,
  forgetCall,
  whyOpen,
} from '../../workflows/domain/circuit-counts.ts';
import { circuitKeyOf, modelKeyOf } from '../../workflows/domain/circuit-scope.ts';
import { classOf } from '../../workflows/domain/failure-class.ts';
import { FAILOVER_RULES } from '../../workflows/domain/failover-rules.ts';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import { describeFailure } from '../../workflows/domain/model-failure.ts';
import type { RateWindow } from '../../workflows/domain/rate-window.ts';
import { followHint, fullWindow, giveBack } from '../../workflows/domain/rate-window.ts';
import type { RetryBudget } from '../../workflows/domain/retry-budget.ts';
import { FULL_RETRY_BUDGET, refillRetries } from '../../workflows/domain/retry-budget.ts';
import { TaskStoreError } from '../store/task-store.ts';
import type { Role } from './admissions.ts';
import { release } from './admissions.ts';
import type { AttemptEnd, NewAttempt, Ticket } from './attempt-gate.ts';
import type { Board, BoardTarget } from './board.ts';
import { changeCircuit, count, findCircuit, rateKeyOf, retryKeyOf } from './board.ts';
import type { Cause } from './open-circuit.ts';
import { open, reopen } from './open-circuit.ts';

export interface Admitted {
  readonly id: number;
  readonly attempt: NewAttempt;
  readonly target: BoardTarget;
  readonly keys: readonly string[];
  readonly deploymentKey: string;
  readonly roles: readonly Role[];
  /** Tokens that were reserved; undefined without limits. */
  readonly reserved: number | undefined;
  readonly startedMs: number;
  firstEventMs?: number;
}

export function createTicket(board: Board, admitted: Admitted): Ticket {
  const stopRenewing = keepProbes(board, admitted.roles);
  let isOver = false;
  return {
    firstEvent() {
      if (admitted.firstEventMs !== undefined) return;
      const nowMs = board.now();
      admitted.firstEventMs = nowMs;
      for (const key of admitted.keys) count(board, key, countAccepted);
      count(board, admitted.deploymentKey, (counts) => countFirstEvent(counts, admitted.id, nowMs));
    },
    async end(how) {
      if (isOver) return;
      isOver = true;
      stopRenewing();
      for (const key of admitted.keys) count(board, key, countEnd);
      try {
        count(board, admitted.deploymentKey, (counts) => forgetCall(counts, admitted.id));
        await settleRoom(board, admitted, how);
        await conclude(board, admitted, how);
      } catch (error) {
        if (!(error instanceof TaskStoreError)) throw error;
      }
    },
  };
}

/** As long as the call goes on; a lease that cannot be renewed lapses, and another attempt finds out. */
function keepProbes(board: Board, roles: readonly Role[]): () => void {
  const probes = roles.filter((role) => role.kind === 'probe');
  if (probes.length === 0) return () => undefined;
  const renew = async ({ key, holder }: (typeof probes)[number]): Promise<void> => {
    try {
      await changeCircuit(board, key, (circuit) => renewProbe(circuit, holder, board.now()));
    } catch (error) {
      if (!(error instanceof TaskStoreError)) throw error;
    }
  };
  const timer = setInterval(() => void Promise.all(probes.map(renew)), PROBE_LEASE_MS / 3);
  timer.unref();
  return () => clearInterval(timer);
}

function conclude(board: Board, admitted: Admitted, how: AttemptEnd): Promise<unknown> {
  switch (how.kind) {
    case 'answered':
      return answered(board, admitted);
    case 'failed':
      return failed(board, admitted, how.failure);
    case 'abandoned':
      return releaseAll(board, admitted);
  }
}

async function answered(board: Board, { attempt, keys, roles, startedMs, target }: Admitted): Promise<void> {
  for (const key of keys) {
    count(board, key, countAnswer);
    if (findCircuit(board, key).throttle !== undefined) {
      await changeCircuit(board, key, (circuit) => endThrottle(circuit, startedMs));
    }
  }
  for (const role of roles) await changeCircuit(board, role.key, (circuit) => noteSuccess(circuit, role, board.now()));
  const retryKey = retryKeyOf(target.deployment.endpoint);
  if (board.shared.find<RetryBudget>(retryKey) === undefined) return;
  await board.shared.change<RetryBudget>(retryKey, FULL_RETRY_BUDGET, (budget) => refillRetries(budget, attempt.retry));
}

async function failed(board: Board, admitted: Admitted, failure: ModelFailure): Promise<void> {
  const { target } = admitted;
  const failureClass = classOf(failure, target.deployment);
  const key = circuitKeyOf(failure, target);
  const cause: Cause = { target, failureClass, why: describeFailure(failure), retryAfterMs: failure.retryAfterMs };
  const { health } = FAILOVER_RULES[failureClass];
  switch (health) {
    case 'failure':
    case 'half-failure':
      if (key !== undefined) await countFailed(board, key, { cause, failure, weight: health === 'failure' ? 1 : 0.5 });
      return reopenAll(board, admitted, cause);
    case 'open':
      if (key !== undefined) await open(board, key, cause);
      return reopenAll(board, admitted, cause);
    case 'throttle':
      if (key !== undefined) await throttle(board, key, failure);
      return releaseAll(board, admitted);
    case 'surge':
      await sawSurge(board, admitted, cause);
      return releaseAll(board, admitted);
    case 'none':
      return releaseAll(board, admitted);
  }
}

async function countFailed(
  board: Board,
  key: string,
  { cause, failure, weight }: { cause: Cause; failure: ModelFailure; weight: number },
): Promise<void> {
  const nowMs = board.now();
  const isAccepted = failure.acceptance === 'accepted';
  const counts = count(board, key, (before) => countFailure(before, { weight, isAccepted }, nowMs));
  const why = whyOpen(counts, nowMs);
  if (why !== undefined) await open(board, key, { ...cause, why: `${why}; last: ${cause.why}` });
}

async function throttle(board: Board, key: string, { retryAfterMs }: ModelFailure): Promise<void> {
  const nowMs = board.now();
  const hint = retryAfterMs === undefined ? {} : { retryAfterMs };
  await changeCircuit(board, key, (circuit) => noteThrottle(circuit, { nowMs, ...hint }));
}

async function sawSurge(board: Board, { attempt, target }: Admitted, cause: Cause): Promise<void> {
  const key = modelKeyOf(target.deployment);
  const nowMs = board.now();
  let isSurge = false;
  await changeCircuit(board, key, (before) => {
    const seen = noteSurge(before, attempt.taskId, nowMs);
    isSurge = seen.isSurge;
    return seen.circuit;
  });
  if (isSurge) await open(board, key, { ...cause, why: `requests of several tasks were refused; last: ${cause.why}` });
}

async function reopenAll(board: Board, { roles }: Admitted, cause: Cause): Promise<void> {
  for (const role of roles) await reopen(board, role.key, { cause, who: role });
}

async function releaseAll(board: Board, { roles }: Admitted): Promise<void> {
  for (const role of roles) await release(board, role);
}

/** What was refused used nothing; of what was abandoned or lost nobody knows, so its estimate stands. */
async function settleRoom(board: Board, { target, reserved, startedMs, firstEventMs }: Admitted, how: AttemptEnd): Promise<void> {
  const { limits } = target;
  if (limits === undefined || reserved === undefined) return;
  const nowMs = board.now();
  const tokens = reserved - usedTokens(how, reserved);
  const hint = how.kind === 'abandoned' ? undefined : how.rateLimit;
  if (tokens === 0 && hint === undefined) return;
  await board.shared.change<RateWindow>(rateKeyOf(target.deployment.id), fullWindow(limits, nowMs), (window) => {
    const settled = giveBack(window, limits, { requests: 0, tokens, nowMs });
    return hint === undefined ? settled : followHint(settled, limits, { hint, saidMs: firstEventMs ?? startedMs, nowMs });
  });
}

function usedTokens(how: AttemptEnd, reserved: number): number {
  if (how.kind === 'answered') return how.usage.inputTokens + how.usage.outputTokens;
  return how.kind === 'failed' && how.failure.acceptance === 'not-accepted' ? 0 : reserved;
}
