import type { Admitted, Circuit, Opening } from '../../workflows/domain/circuit.ts';
import { openCircuit, reopenCircuit } from '../../workflows/domain/circuit.ts';
import { isPanic } from '../../workflows/domain/circuit-notices.ts';
import { openForOf } from '../../workflows/domain/circuit-scope.ts';
import type { FailureClass } from '../../workflows/domain/failure-class.ts';
import type { Board, BoardTarget } from './board.ts';
import { changeCircuit } from './board.ts';

/** Why a circuit opens. */
export interface Cause {
  readonly target: BoardTarget;
  readonly failureClass: FailureClass;
  readonly why: string;
  readonly retryAfterMs?: number | undefined;
}

/** Opens a closed circuit for all workers, and tells the operator when this one did it. */
export function open(board: Board, key: string, cause: Cause): Promise<void> {
  return turn(board, key, { cause, reduce: openCircuit });
}

/** Opens a circuit again that had let this attempt through to see. */
export function reopen(board: Board, key: string, { cause, who }: { cause: Cause; who: Admitted }): Promise<void> {
  return turn(board, key, { cause, reduce: (circuit, opening) => reopenCircuit(circuit, who, opening) });
}

interface Turning {
  readonly cause: Cause;
  reduce(circuit: Circuit, opening: Opening): Circuit;
}

async function turn(board: Board, key: string, { cause, reduce }: Turning): Promise<void> {
  const { model } = cause.target.deployment;
  const peers = board.targets.filter(({ deployment }) => deployment.model === model);
  const nowMs = board.now();
  const opening: Opening = {
    nowMs,
    chance: board.chance(),
    openFor: openForOf(cause.failureClass, key),
    retryAfterMs: cause.retryAfterMs,
    isPanic: isPanic(peers, (each) => board.shared.find<Circuit>(each), nowMs),
  };
  const { value, isChanged } = await changeCircuit(board, key, (circuit) => reduce(circuit, opening));
  if (!isChanged || value.state.kind !== 'open') return;
  const seconds = Math.round((value.state.untilMs - nowMs) / 1_000);
  board.alert(`circuit ${key} opened for ${seconds} s: ${cause.why}`);
}
