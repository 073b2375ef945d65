/** From the circuits to what a turn is told of its deployments. */
import type { Circuit } from './circuit.ts';
import { admissionOf } from './circuit.ts';
import type { CircuitTarget } from './circuit-scope.ts';
import { circuitKeysOf } from './circuit-scope.ts';
import type { DeploymentNotice } from './route-health.ts';

/** Where nothing is stored, nothing is wrong. */
export type FindCircuit = (key: string) => Circuit | undefined;

/** A probe may be over at any moment, long before its lease: look again this soon. */
export const LOOK_AGAIN_MS = 10_000;

/** The notice that lasts longest, when there is one. */
export function noticeOf(target: CircuitTarget, find: FindCircuit, nowMs: number): DeploymentNotice | undefined {
  const notices = circuitKeysOf(target).flatMap((key): readonly DeploymentNotice[] => {
    const circuit = find(key);
    return circuit === undefined ? [] : noticesOf(target, circuit, nowMs);
  });
  return notices.toSorted((left, right) => right.untilMs - left.untilMs)[0];
}

function noticesOf({ deployment: { id } }: CircuitTarget, circuit: Circuit, nowMs: number): readonly DeploymentNotice[] {
  const admission = admissionOf(circuit, nowMs);
  const { untilMs: throttledUntilMs, times } = circuit.throttle ?? { untilMs: 0, times: 0 };
  const repeated = times > 1 ? ({ isRepeated: true } as const) : {};
  return [
    ...(admission.kind === 'open' ? [{ deployment: id, kind: 'open', untilMs: admission.untilMs } as const] : []),
    ...(admission.kind === 'probing'
      ? [{ deployment: id, kind: 'probing', untilMs: Math.min(admission.untilMs, nowMs + LOOK_AGAIN_MS) } as const]
      : []),
    ...(throttledUntilMs > nowMs ? [{ deployment: id, kind: 'throttled', untilMs: throttledUntilMs, ...repeated } as const] : []),
  ];
}

/**
 * More than half of a model's deployments are broken: they hardly all fail on their own, so that our network, clock or deploy is
 * suspected. Of a single one nothing can be said.
 */
export function isPanic(targets: readonly CircuitTarget[], find: FindCircuit, nowMs: number): boolean {
  const broken = targets.filter((target) => circuitKeysOf(target).some((key) => isBroken(find(key), nowMs)));
  return targets.length > 1 && broken.length > targets.length / 2;
}

/** One whose pause is over may be well again: nobody has asked. */
function isBroken(circuit: Circuit | undefined, nowMs: number): boolean {
  const kind = circuit === undefined ? 'pass' : admissionOf(circuit, nowMs).kind;
  return kind === 'open' || kind === 'probing';
}
