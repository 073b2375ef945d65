/** The checks that an attempt passes, one after the other. Each gives what undoes it, for the case that a later one holds. */
import type { Admitted, Circuit } from '../../workflows/domain/circuit.ts';
import { admissionOf, isWithinShare, releaseProbe, takeProbe } from '../../workflows/domain/circuit.ts';
import { LOOK_AGAIN_MS } from '../../workflows/domain/circuit-notices.ts';
import { scopeWordOf } from '../../workflows/domain/circuit-scope.ts';
import type { RateWindow } from '../../workflows/domain/rate-window.ts';
import { fullWindow, giveBack, reserveRoom, waitForRoom } from '../../workflows/domain/rate-window.ts';
import type { RetryBudget, RetryCause } from '../../workflows/domain/retry-budget.ts';
import { FULL_RETRY_BUDGET, refillRetries, spendRetry } from '../../workflows/domain/retry-budget.ts';
import { heldError } from './attempt-gate.ts';
import type { Board, BoardTarget } from './board.ts';
import { changeCircuit, findCircuit, rateKeyOf, retryKeyOf } from './board.ts';

export type Undo = () => Promise<unknown>;

/** Which of the circuits let the attempt through to see whether they are well again. */
export type Role = { readonly key: string } & Admitted;

/** A recovering scope looks again soon. */
const RECOVERING_HOLD_MS = 1_000;

/** Whoever waited for a throttle to end, on the endpoint's budget of retries, is not held by one that others caused meanwhile. */
export function passThrottle(board: Board, keys: readonly string[], retry: RetryCause | undefined): void {
  if (retry === 'throttle') return;
  const nowMs = board.now();
  for (const key of keys) {
    const untilMs = findCircuit(board, key).throttle?.untilMs ?? 0;
    if (untilMs > nowMs) throw heldError('throttled', untilMs - nowMs);
  }
}

/** Gives the role that the attempt plays for this circuit, or undefined when it is closed. @throws ModelFailureError */
export async function passCircuit(board: Board, key: string, holder: string): Promise<Role | undefined> {
  const nowMs = board.now();
  const admission = admissionOf(findCircuit(board, key), nowMs);
  switch (admission.kind) {
    case 'pass':
      return undefined;
    case 'open':
      throw heldError(`circuit open: ${scopeWordOf(key)}`, admission.untilMs - nowMs);
    case 'probing':
      throw probedByAnother(key);
    case 'recovering':
      if (!takeShare(board, key, admission)) throw heldError(`recovering: ${scopeWordOf(key)}`, RECOVERING_HOLD_MS);
      return { key, kind: 'recovering', openings: admission.openings };
    case 'probe': {
      const { value } = await changeCircuit(board, key, (circuit) => takeProbe(circuit, holder, nowMs));
      const role = asProbe(key, value, holder);
      if (role === undefined) throw probedByAnother(key);
      return role;
    }
  }
}

function asProbe(key: string, { state }: Circuit, holder: string): Role | undefined {
  return state.kind === 'half-open' && state.holder === holder
    ? { key, kind: 'probe', holder, openings: state.openings }
    : undefined;
}

function probedByAnother(key: string) {
  return heldError(`probed by another attempt: ${scopeWordOf(key)}`, LOOK_AGAIN_MS);
}

function takeShare({ tallies }: Board, key: string, { openings, share }: { openings: number; share: number }): boolean {
  const stage = `${openings} ${share}`;
  const known = tallies.get(key);
  const { seen, admitted } = known?.stage === stage ? known : { seen: 0, admitted: 0 };
  const isIn = isWithinShare({ seen, admitted }, share);
  tallies.set(key, { stage, seen: seen + 1, admitted: admitted + (isIn ? 1 : 0) });
  return isIn;
}

export function release(board: Board, role: Role): Promise<unknown> {
  if (role.kind === 'recovering') return Promise.resolve();
  return changeCircuit(board, role.key, (circuit) => releaseProbe(circuit, role.holder, board.now()));
}

/** @throws ModelFailureError when the endpoint's budget is used up */
export async function takeRetry({ shared }: Board, { deployment }: BoardTarget, retry: RetryCause): Promise<Undo> {
  const key = retryKeyOf(deployment.endpoint);
  const { isChanged } = await shared.change<RetryBudget>(key, FULL_RETRY_BUDGET, (budget) => spendRetry(budget, retry));
  if (!isChanged) throw heldError('retry budget');
  return () => shared.change<RetryBudget>(key, FULL_RETRY_BUDGET, (budget) => refillRetries(budget, retry));
}

/** Reserves room for the call. @throws ModelFailureError when there is none now */
export async function takeRoom(board: Board, target: BoardTarget, tokens: number): Promise<Undo> {
  const { limits = {}, deployment } = target;
  const { shared, roomFromMs } = board;
  const key = rateKeyOf(deployment.id);
  const nowMs = board.now();
  const call = { tokens, nowMs };
  let waitMs = 0;
  await shared.change<RateWindow>(key, fullWindow(limits, nowMs), (window) => {
    waitMs = waitForRoom(window, limits, call);
    return waitMs === 0 ? reserveRoom(window, limits, call) : window;
  });
  if (waitMs > 0) {
    roomFromMs.set(deployment.id, nowMs + waitMs);
    throw heldError('rate limit', waitMs);
  }
  return () =>
    shared.change<RateWindow>(key, fullWindow(limits, nowMs), (window) =>
      giveBack(window, limits, { requests: 1, tokens, nowMs: board.now() }),
    );
}
