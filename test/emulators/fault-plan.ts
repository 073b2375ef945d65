/** What an emulated endpoint is told to get wrong, set over HTTP while it runs. */
import { z } from 'zod';

const COMMON = {
  /** Requests let through first. */
  skip: z.int().min(0).optional(),
  /** Requests affected; default: until deleted. */
  count: z.int().min(1).optional(),
  /** Active for that long from its first hit. */
  forMs: z.int().min(1).optional(),
  /** Only requests for this model, as named on the wire. */
  model: z.string().optional(),
  /** Whether a generation that the cloud itself broke is billed all the same. */
  billed: z.boolean().optional(),
};
const AFTER = { afterEvents: z.int().min(0).default(1) };

const FAULT = z.discriminatedUnion('kind', [
  z.strictObject({
    ...COMMON,
    kind: z.literal('status'),
    status: z.int().min(400).max(599),
    headers: z.record(z.string(), z.string()).optional(),
    body: z.unknown().optional(),
  }),
  z.strictObject({ ...COMMON, kind: z.literal('reset-before-accept') }),
  z.strictObject({ ...COMMON, kind: z.literal('reset-after-accept') }),
  z.strictObject({ ...COMMON, kind: z.literal('silence') }),
  z.strictObject({ ...COMMON, kind: z.literal('outage') }),
  z.strictObject({ ...COMMON, kind: z.literal('slow-first-event'), delayMs: z.int().min(0) }),
  z.strictObject({ ...COMMON, kind: z.literal('slow-stream'), eventDelayMs: z.int().min(0) }),
  z.strictObject({ ...COMMON, ...AFTER, kind: z.literal('stream-cut') }),
  z.strictObject({ ...COMMON, ...AFTER, kind: z.literal('stream-stall') }),
  z.strictObject({ ...COMMON, ...AFTER, kind: z.literal('malformed-event') }),
  z.strictObject({ ...COMMON, ...AFTER, kind: z.literal('error-event'), code: z.string() }),
  z.strictObject({ ...COMMON, kind: z.literal('missing-terminal') }),
  z.strictObject({ ...COMMON, kind: z.literal('background-end'), status: z.enum(['failed', 'incomplete', 'expired']) }),
]);

export type Fault = z.infer<typeof FAULT>;
export const FAULTS_BODY = z.strictObject({ faults: z.array(FAULT) });

interface Planned {
  readonly fault: Fault;
  seen: number;
  hits: number;
  firstHitMs: number | undefined;
}

export class FaultPlan {
  #planned: Planned[] = [];

  add(faults: readonly Fault[]): void {
    this.#planned.push(...faults.map((fault) => ({ fault, seen: 0, hits: 0, firstHitMs: undefined })));
  }

  list(): readonly Fault[] {
    return this.#planned.map(({ fault }) => fault);
  }

  clear(): void {
    this.#planned = [];
  }

  /** Counts a generation's request against every fault, and gives the first that hits it. */
  take(model: string, nowMs: number): Fault | undefined {
    const hits = this.#planned.filter((planned) => matches(planned, model, nowMs));
    const first = hits[0];
    if (first === undefined) return undefined;
    first.hits += 1;
    first.firstHitMs ??= nowMs;
    return first.fault;
  }

  /** An outage is felt by every request, not by generations alone; it hits once its skipped requests are through. */
  outage(nowMs: number): boolean {
    return this.#planned.some(({ fault, seen, hits, firstHitMs }) => {
      if (fault.kind !== 'outage' || seen < (fault.skip ?? 0)) return false;
      return hits < (fault.count ?? Infinity) && nowMs - (firstHitMs ?? nowMs) < (fault.forMs ?? Infinity);
    });
  }
}

function matches(planned: Planned, model: string, nowMs: number): boolean {
  const { fault } = planned;
  if (fault.model !== undefined && fault.model !== model) return false;
  planned.seen += 1;
  if (planned.seen <= (fault.skip ?? 0) || planned.hits >= (fault.count ?? Infinity)) return false;
  return nowMs - (planned.firstHitMs ?? nowMs) < (fault.forMs ?? Infinity);
}
