/**
 * What all workers know together of one scope's health, as it is stored: a pure reducer, with time and chance as parameters. What a
 * worker counts to find out that a scope is broken is `circuit-counts.ts`; which scope a failure speaks of is `circuit-scope.ts`.
 */

export interface Circuit {
  readonly state: CircuitState;
  /** It asked for less; that alone never opens it. */
  readonly throttle?: Throttle;
  /** Tasks whose request was refused as malformed or unsupported, and when. */
  readonly surge?: readonly Sighting[];
}

export type CircuitState =
  /** Failures before `sinceMs` are those it was opened for. */
  | { readonly kind: 'closed'; readonly sinceMs: number }
  /** Nothing is sent before `untilMs`; after that one probe is. `openings` counts how often in a row. */
  | { readonly kind: 'open'; readonly untilMs: number; readonly openings: number }
  /** One attempt finds out, as long as its lease is renewed; all others go elsewhere. */
  | { readonly kind: 'half-open'; readonly openings: number; readonly holder: string; readonly leaseUntilMs: number }
  /** It answers again: a growing share of the attempts is let through. */
  | { readonly kind: 'recovering'; readonly openings: number; readonly successes: number };

export interface Throttle {
  readonly untilMs: number;
  /** How often in a row, without an answer in between. */
  readonly times: number;
}

interface Sighting {
  readonly taskId: string;
  readonly atMs: number;
}

export const CLOSED: Circuit = { state: { kind: 'closed', sinceMs: 0 } };

/**
 * Outlasts the minute that a first event may take; who holds it renews it as long as the call goes on, so that it is longer than any
 * call and yet a killed worker blocks the next probe for no longer than this.
 */
export const PROBE_LEASE_MS = 90_000;

/** Answers in a row after which a scope is trusted again: the probe's and two more. */
const SUCCESSES_TO_CLOSE = 3;
/** By the number of answers since it opened. */
const SHARES: Readonly<Record<number, number>> = { 1: 0.1, 2: 0.5 };

/** When most deployments fail at once, our own side is suspected, and looked at again this soon. */
const PANIC_OPEN_MS = 15_000;
/** A hint of the server lengthens a pause, but a slip of a unit must not take a cloud away for days. */
const LONGEST_HINT_MS = 3_600_000;

/** How long a circuit stays open: `firstMs`, doubled with each opening in a row up to `longestMs`. */
export interface OpenFor {
  readonly firstMs: number;
  readonly longestMs: number;
}

export interface Opening {
  readonly nowMs: number;
  /** In [0, 1): lengthens by up to a quarter, so that circuits don't come back together. */
  readonly chance: number;
  readonly openFor: OpenFor;
  readonly retryAfterMs: number | undefined;
  readonly isPanic: boolean;
}

/** Opens what is closed. A circuit that opened meanwhile is left alone: the failure is of a call made before. */
export function openCircuit(circuit: Circuit, opening: Opening): Circuit {
  return circuit.state.kind === 'closed' ? opened(circuit, 0, opening) : circuit;
}

/** Opens again after the probe, or an attempt let through while recovering, failed. */
export function reopenCircuit(circuit: Circuit, who: Admitted, opening: Opening): Circuit {
  return isOf(circuit, who) ? opened(circuit, who.openings, opening) : circuit;
}

function opened(circuit: Circuit, openings: number, { nowMs, chance, openFor, retryAfterMs, isPanic }: Opening): Circuit {
  const { firstMs, longestMs } = openFor;
  const own = Math.min(firstMs * 2 ** Math.min(openings, 16) * (1 + chance / 4), longestMs);
  const hinted = Math.max(own, Math.min(retryAfterMs ?? 0, LONGEST_HINT_MS));
  const untilMs = nowMs + Math.round(isPanic ? Math.min(hinted, PANIC_OPEN_MS) : hinted);
  return { ...circuit, state: { kind: 'open', untilMs, openings: openings + 1 } };
}

/** What a circuit means for an attempt that wants to begin now. */
export type Admission =
  | { readonly kind: 'pass' }
  /** The pause is over, or a probe's lease has lapsed: `takeProbe` decides who finds out. */
  | { readonly kind: 'probe' }
  | { readonly kind: 'recovering'; readonly openings: number; readonly share: number }
  | { readonly kind: 'open' | 'probing'; readonly untilMs: number };

export function admissionOf({ state }: Circuit, nowMs: number): Admission {
  switch (state.kind) {
    case 'closed':
      return { kind: 'pass' };
    case 'open':
      return state.untilMs > nowMs ? { kind: 'open', untilMs: state.untilMs } : { kind: 'probe' };
    case 'half-open':
      return state.leaseUntilMs > nowMs ? { kind: 'probing', untilMs: state.leaseUntilMs } : { kind: 'probe' };
    case 'recovering':
      return { kind: 'recovering', openings: state.openings, share: SHARES[state.successes] ?? 1 };
  }
}

/** How an attempt was let through: as the probe with this name, or as one of the recovery after that many openings. */
export type Admitted =
  | { readonly kind: 'probe'; readonly holder: string; readonly openings: number }
  | { readonly kind: 'recovering'; readonly openings: number };

/** Whether the circuit is still in the state in which this attempt was let through. */
function isOf({ state }: Circuit, who: Admitted): boolean {
  if (who.kind === 'probe') return state.kind === 'half-open' && state.holder === who.holder;
  return state.kind === 'recovering' && state.openings === who.openings;
}

/** Leases the probe; unchanged when it is not to be had. */
export function takeProbe(circuit: Circuit, holder: string, nowMs: number): Circuit {
  const { state } = circuit;
  if (state.kind === 'closed' || state.kind === 'recovering' || admissionOf(circuit, nowMs).kind !== 'probe') return circuit;
  return { ...circuit, state: { kind: 'half-open', openings: state.openings, holder, leaseUntilMs: nowMs + PROBE_LEASE_MS } };
}

/** Keeps the lease while the call goes on; one that lapsed and was taken by another is gone. */
export function renewProbe(circuit: Circuit, holder: string, nowMs: number): Circuit {
  const { state } = circuit;
  if (state.kind !== 'half-open' || state.holder !== holder) return circuit;
  return { ...circuit, state: { ...state, leaseUntilMs: nowMs + PROBE_LEASE_MS } };
}

/** Gives the lease back without having found out: the next attempt may. */
export function releaseProbe(circuit: Circuit, holder: string, nowMs: number): Circuit {
  const { state } = circuit;
  if (state.kind !== 'half-open' || state.holder !== holder) return circuit;
  return { ...circuit, state: { kind: 'open', untilMs: nowMs, openings: state.openings } };
}

/** An answer: of the probe, or of an attempt let through while recovering. */
export function noteSuccess(circuit: Circuit, who: Admitted, nowMs: number): Circuit {
  const { state } = circuit;
  if (!isOf(circuit, who)) return circuit;
  const successes = (state.kind === 'recovering' ? state.successes : 0) + 1;
  if (successes >= SUCCESSES_TO_CLOSE) return { ...circuit, state: { kind: 'closed', sinceMs: nowMs } };
  return { ...circuit, state: { kind: 'recovering', openings: who.openings, successes } };
}

/** A first throttle may be a blip. */
const FIRST_THROTTLE_MS = 1_000;
/** A second without an answer in between is none: longer than a turn waits out in any case, doubled each time. */
const SECOND_THROTTLE_MS = 4_000;
const LONGEST_OWN_THROTTLE_MS = 60_000;

/**
 * It asked for less. Calls that were under way when it did, and hear the same, say nothing new. A server that names the same short
 * pause again and again is not asked again and again: its hint is the least, and ours grows until it answers.
 */
export function noteThrottle(circuit: Circuit, { nowMs, retryAfterMs }: { nowMs: number; retryAfterMs?: number }): Circuit {
  const { untilMs, times } = circuit.throttle ?? { untilMs: 0, times: 0 };
  const isNew = untilMs <= nowMs;
  const until = Math.max(
    untilMs,
    nowMs + Math.max(isNew ? ownThrottleMs(times) : 0, Math.min(retryAfterMs ?? 0, LONGEST_HINT_MS)),
  );
  if (!isNew && until === untilMs) return circuit;
  return { ...circuit, throttle: { untilMs: until, times: isNew ? times + 1 : times } };
}

function ownThrottleMs(timesBefore: number): number {
  if (timesBefore === 0) return FIRST_THROTTLE_MS;
  return Math.min(SECOND_THROTTLE_MS * 2 ** Math.min(timesBefore - 1, 16), LONGEST_OWN_THROTTLE_MS);
}

/** An answer shows that it no longer asks for less; one of a call begun before the pause was over does not. */
export function endThrottle(circuit: Circuit, startedMs: number): Circuit {
  if (circuit.throttle === undefined || circuit.throttle.untilMs > startedMs) return circuit;
  const { throttle: _over, ...rest } = circuit;
  return rest;
}

/** Whether one more of a recovering scope's attempts keeps within its share; the first always does. */
export function isWithinShare({ seen, admitted }: { seen: number; admitted: number }, share: number): boolean {
  return admitted <= share * seen;
}

const SURGE_WINDOW_MS = 60_000;
const SURGE_TASKS = 3;

/** One task's request may be wrong; when several tasks' are at once, it is the model, or how we speak to it. */
export function noteSurge(circuit: Circuit, taskId: string, nowMs: number): { circuit: Circuit; isSurge: boolean } {
  const others = (circuit.surge ?? []).filter((seen) => seen.taskId !== taskId && nowMs - seen.atMs < SURGE_WINDOW_MS);
  const surge = [...others, { taskId, atMs: nowMs }];
  if (surge.length < SURGE_TASKS) return { circuit: { ...circuit, surge }, isSurge: false };
  const { surge: _counted, ...rest } = circuit;
  return { circuit: rest, isSurge: true };
}
