/** What the parts of the circuit board share. */
import type { Circuit } from '../../workflows/domain/circuit.ts';
import { CLOSED } from '../../workflows/domain/circuit.ts';
import type { CircuitCounts } from '../../workflows/domain/circuit-counts.ts';
import { NO_COUNTS } from '../../workflows/domain/circuit-counts.ts';
import type { CircuitTarget } from '../../workflows/domain/circuit-scope.ts';
import type { DeploymentId } from '../../workflows/domain/ids.ts';
import type { RateLimits } from '../../workflows/domain/rate-window.ts';
import type { SharedHealth } from './shared-health.ts';

/** A deployment as the board knows it. */
export interface BoardTarget extends CircuitTarget {
  readonly limits?: RateLimits;
}

export interface Board {
  readonly workerId: string;
  readonly targets: readonly BoardTarget[];
  readonly shared: SharedHealth;
  /** What this worker counted since a circuit was closed. */
  readonly counts: Map<string, { readonly sinceMs: number; readonly counts: CircuitCounts }>;
  /** Attempts of this worker at recovering circuits, by circuit. */
  readonly tallies: Map<string, Tally>;
  /** Until when a call was told to wait for room: smaller ones must not overtake it for ever. */
  readonly roomFromMs: Map<DeploymentId, number>;
  now(): number;
  /** In [0, 1). */
  chance(): number;
  /** Tells the operator, once for each event. */
  alert(message: string): void;
}

interface Tally {
  readonly stage: string;
  readonly seen: number;
  readonly admitted: number;
}

export function findCircuit({ shared }: Board, key: string): Circuit {
  return shared.find<Circuit>(key) ?? CLOSED;
}

export function changeCircuit({ shared }: Board, key: string, reduce: (circuit: Circuit) => Circuit) {
  return shared.change<Circuit>(key, CLOSED, reduce);
}

/** Counts for a circuit while it is closed; otherwise its probe and the attempts of its recovery are all that counts. */
export function count(board: Board, key: string, reduce: (before: CircuitCounts) => CircuitCounts): CircuitCounts {
  const { state } = findCircuit(board, key);
  if (state.kind !== 'closed') return NO_COUNTS;
  const before = board.counts.get(key);
  const counts = reduce(before?.sinceMs === state.sinceMs ? before.counts : NO_COUNTS);
  board.counts.set(key, { sinceMs: state.sinceMs, counts });
  return counts;
}

export function retryKeyOf(endpoint: string): string {
  return `retries:${endpoint}`;
}

export function rateKeyOf(deployment: DeploymentId): string {
  return `rate:${deployment}`;
}
