/** Which endpoints an operator has drained, and how a turn is told of it before it waits in their queues. */
import { setTimeout as pause } from 'node:timers/promises';
import { LOOK_AGAIN_MS } from '../../workflows/domain/circuit-notices.ts';
import type { QueueHold } from '../../workflows/domain/queue-hold.ts';
import type { Deployment } from '../../workflows/domain/route.ts';
import type { DeploymentNotice } from '../../workflows/domain/route-health.ts';
import { HEALTHY } from '../../workflows/domain/route-health.ts';
import type { AttemptGate } from './attempt-gate.ts';

/** A drain is known to new tasks within this. */
const CACHE_MS = 2_000;
/** Nobody waits longer for Temporal to say; what it said last is told then. */
const PATIENCE_MS = 250;

export interface Drains {
  /** Names of endpoints, asked again when the last time is too long ago. Never fails: of one that is not told the last word holds. */
  list(): Promise<ReadonlySet<string>>;
  /** Asks now. Throws when Temporal does not answer. */
  look(endpoint: string): Promise<QueueHold | undefined>;
}

export interface DrainsOptions {
  readonly endpoints: Iterable<string>;
  /** What an operator has done to the endpoint's queue. */
  readHold(endpoint: string): Promise<QueueHold | undefined>;
  now(): number;
}

export function createDrains({ endpoints, readHold, now }: DrainsOptions): Drains {
  const names = [...new Set(endpoints)];
  const drained = new Set<string>();
  let askedAtMs = -Infinity;
  let asking: Promise<unknown> | undefined;
  const look: Drains['look'] = async (endpoint) => {
    const hold = await readHold(endpoint);
    if (hold?.kind === 'drained') drained.add(endpoint);
    else drained.delete(endpoint);
    return hold;
  };
  return {
    look,
    async list() {
      if (asking === undefined && now() - askedAtMs >= CACHE_MS) {
        askedAtMs = now();
        asking = Promise.allSettled(names.map(look)).finally(() => {
          asking = undefined;
        });
      }
      if (asking !== undefined) await settledSoon(asking);
      return drained;
    },
  };
}

async function settledSoon(asking: Promise<unknown>): Promise<void> {
  const end = new AbortController();
  await Promise.race([asking, pause(PATIENCE_MS, undefined, { signal: end.signal }).catch(() => undefined)]);
  end.abort();
}

/** The gate, whose snapshot also tells of drained endpoints: of all that are configured, whoever serves them. */
export function withDrains(
  gate: AttemptGate,
  { drains, deployments, now }: { drains: Pick<Drains, 'list'>; deployments: readonly Deployment[]; now: () => number },
): AttemptGate {
  return {
    admit: (attempt) => gate.admit(attempt),
    async snapshot(model) {
      const health = await gate.snapshot(model);
      const drained = await drains.list();
      const notices = deployments
        .filter((deployment) => deployment.model === model && drained.has(deployment.endpoint))
        .map(({ id }): DeploymentNotice => ({ deployment: id, kind: 'drained', untilMs: now() + LOOK_AGAIN_MS }));
      return notices.length === 0 ? health : { ...HEALTHY, ...health, notices: [...(health?.notices ?? []), ...notices] };
    },
  };
}
