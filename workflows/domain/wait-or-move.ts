/** A cloud asks for a pause: is it cheaper to wait it out here, or to go on elsewhere with a cold cache? */
import { CACHE_LIFE_MS } from './pin.ts';

export interface WaitOrMove {
  /** What the cloud asks for, or what we take when it says nothing. */
  readonly waitMs: number;
  readonly slackMs: number;
  /** Since the prompt cache was last used; `Infinity` when there is none. */
  readonly cacheAgeMs: number;
  readonly hourUsdMicros: number;
  /** What reading the conversation cold elsewhere costs more; `null`: there is nowhere else. */
  readonly moveUsdMicros: number | null;
  /** A wait before this one did not help. */
  readonly isInVain: boolean;
}

export interface WaitOrMoveResult {
  readonly choice: 'wait' | 'move';
  readonly waitUsdMicros: number;
}

/** A handoff itself costs about this much time, so a shorter pause is waited out, but not over and over with nothing to lose. */
const ALWAYS_WAIT_MS = 2_100;
const HOUR_MS = 3_600_000;

/** Both prices go into the decision's words, so that an operator can judge it. */
export function waitOrMove(input: WaitOrMove): WaitOrMoveResult {
  const { waitMs, slackMs, cacheAgeMs, hourUsdMicros, moveUsdMicros, isInVain } = input;
  const waitUsdMicros = Math.ceil((waitMs / HOUR_MS) * hourUsdMicros);
  const result = (choice: WaitOrMoveResult['choice']): WaitOrMoveResult => ({ choice, waitUsdMicros });
  if (waitMs >= slackMs) return result('move');
  if (moveUsdMicros === null) return result('wait');
  // Nothing is warm here, so that moving loses nothing.
  if (isInVain && cacheAgeMs >= CACHE_LIFE_MS) return result('move');
  if (waitMs <= ALWAYS_WAIT_MS) return result('wait');
  // Nobody keeps the cache warm while we wait: it must outlast the pause.
  return result(waitMs < CACHE_LIFE_MS - cacheAgeMs && waitUsdMicros < moveUsdMicros ? 'wait' : 'move');
}
