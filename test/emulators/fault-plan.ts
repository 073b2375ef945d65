/** What an emulated endpoint is told to get wrong, set over HTTP while it runs. */
import { z } from 'zod';
import { REASONS } from './refusals.ts';

/** When a fault is active, in ms. */
const WINDOW = {
  /** Requests let through first. */
  skip: z.int().min(0).optional(),
  /** Active for that long from its first hit. */
  forMs: z.int().min(1).optional(),
  /** Active from so long after it was set. */
  fromMs: z.int().min(0).optional(),
  /** Over so long after it was set. */
  untilMs: z.int().min(1).optional(),
};
const SOME = {
  ...WINDOW,
  /** Requests affected; default: until deleted. */
  count: z.int().min(1).optional(),
  /** Only requests for this model, as named on the wire. */
  model: z.string().optional(),
};
const COMMON = {
  ...SOME,
  /** Which requests: those that make a response (default), read one, or cancel one. */
  on: z.enum(['create', 'read', 'cancel']).optional(),
  /** Whether a generation that the cloud itself broke is billed all the same. */
  billed: z.boolean().optional(),
};
/** Where a stream breaks: after so many events, or at a place of the answer. */
const PLACE = {
  afterEvents: z.int().min(0).optional(),
  at: z
    .enum([
      'start',
      'before-output',
      'after-output',
      'before-tool-call',
      'within-tool-call',
      'after-tool-call',
      'before-terminal',
    ])
    .optional(),
};
const RETRY_AFTER = z.strictObject({
  ms: z.int().min(0),
  form: z.enum(['seconds', 'milliseconds', 'date', 'amz', 'retry-info']),
});

const FAULT = z.discriminatedUnion('kind', [
  z.strictObject({
    ...COMMON,
    kind: z.literal('status'),
    status: z.int().min(400).max(599).optional(),
    /** What is wrong, in this cloud's words; default: what its status usually means. */
    reason: z.enum(REASONS).optional(),
    retryAfter: RETRY_AFTER.optional(),
    headers: z.record(z.string(), z.string()).optional(),
    body: z.unknown().optional(),
  }),
  z.strictObject({ ...WINDOW, kind: z.literal('connect-refused') }),
  z.strictObject({ ...WINDOW, count: z.int().min(1).optional(), kind: z.literal('credential-expired') }),
  z.strictObject({
    ...COMMON,
    kind: z.literal('rate-limit'),
    requests: z.int().min(1).optional(),
    tokens: z.int().min(1).optional(),
    perMs: z.int().min(1).default(60_000),
  }),
  z.strictObject({ ...COMMON, kind: z.literal('reset-before-accept') }),
  z.strictObject({ ...COMMON, kind: z.literal('reset-after-accept') }),
  z.strictObject({ ...COMMON, kind: z.literal('silence') }),
  z.strictObject({ ...SOME, kind: z.literal('outage') }),
  z.strictObject({ ...COMMON, kind: z.literal('slow-first-event'), delayMs: z.int().min(0) }),
  z.strictObject({ ...COMMON, kind: z.literal('slow-stream'), eventDelayMs: z.int().min(0) }),
  z.strictObject({ ...COMMON, ...PLACE, kind: z.literal('stream-cut') }),
  z.strictObject({ ...COMMON, ...PLACE, kind: z.literal('stream-stall') }),
  z.strictObject({ ...COMMON, ...PLACE, kind: z.literal('malformed-event') }),
  z.strictObject({
    ...COMMON,
    ...PLACE,
    kind: z.literal('error-event'),
    code: z.string(),
    form: z.enum(['nested', 'flat']).default('nested'),
  }),
  z.strictObject({ ...COMMON, kind: z.literal('missing-terminal') }),
  z.strictObject({ ...COMMON, kind: z.literal('unknown-events') }),
  z.strictObject({ ...COMMON, kind: z.literal('empty-output') }),
  z.strictObject({ ...COMMON, kind: z.literal('refusal'), text: z.string().default('I cannot help with that.') }),
  z.strictObject({
    ...COMMON,
    kind: z.literal('response-end'),
    status: z.enum(['failed', 'incomplete']),
    /** `error.code` of a failed response, the reason of an incomplete one. */
    code: z.string().optional(),
  }),
  z.strictObject({
    ...COMMON,
    kind: z.literal('background-end'),
    status: z.enum(['failed', 'incomplete', 'expired', 'cancelled']),
  }),
]);

export type Fault = z.infer<typeof FAULT>;
export type FaultOf<Kind extends Fault['kind']> = Extract<Fault, { kind: Kind }>;
export const FAULTS_BODY = z.strictObject({ faults: z.array(FAULT) });

/** Faults that are felt otherwise than by one request that they hit. */
type Standing = 'connect-refused' | 'credential-expired' | 'rate-limit';
export type RequestFault = Exclude<Fault, { kind: Standing }>;
const STANDING: ReadonlySet<Fault['kind']> = new Set<Standing>(['connect-refused', 'credential-expired', 'rate-limit']);

interface Planned {
  readonly fault: Fault;
  readonly setAtMs: number;
  seen: number;
  hits: number;
  firstHitMs: number | undefined;
  /** The one credential that has expired. */
  victim: string | undefined;
}

export interface Hit {
  readonly on: 'create' | 'read' | 'cancel';
  readonly model: string;
  readonly nowMs: number;
}

export class FaultPlan {
  #planned: Planned[] = [];

  add(faults: readonly Fault[], nowMs: number): void {
    const fresh = { setAtMs: nowMs, seen: 0, hits: 0, firstHitMs: undefined, victim: undefined };
    this.#planned.push(...faults.map((fault) => ({ fault, ...fresh })));
  }

  list(): readonly Fault[] {
    return this.#planned.map(({ fault }) => fault);
  }

  clear(): void {
    this.#planned = [];
  }

  /** Counts a request against every fault of its kind, and gives the first that hits it. */
  take(hit: Hit): RequestFault | undefined {
    const concerned = this.#planned.filter(({ fault }) => fault.kind !== 'credential-expired' && concerns(fault, hit));
    for (const planned of concerned) planned.seen += 1;
    for (const planned of concerned) {
      if (!isRequestFault(planned.fault) || !isActive(planned, hit.nowMs, planned.seen - 1)) continue;
      planned.hits += 1;
      planned.firstHitMs ??= hit.nowMs;
      return planned.fault;
    }
    return undefined;
  }

  /** An outage is felt by every request, not by generations alone; it hits once its skipped requests are through. */
  outage(nowMs: number): boolean {
    return this.#planned.some((planned) => planned.fault.kind === 'outage' && isActive(planned, nowMs, planned.seen));
  }

  /** Whether the port is to be closed now. */
  refusesConnections(nowMs: number): boolean {
    return this.#planned.some((planned) => {
      if (planned.fault.kind !== 'connect-refused' || !isActive(planned, nowMs, planned.seen)) return false;
      planned.firstHitMs ??= nowMs;
      return true;
    });
  }

  /** Counts a request with this credential: the first one after the skipped requests expires, others stay good. */
  isExpired(credential: string, nowMs: number): boolean {
    return this.#planned.some((planned) => {
      if (planned.fault.kind !== 'credential-expired') return false;
      planned.seen += 1;
      if (!isActive(planned, nowMs, planned.seen - 1)) return false;
      planned.victim ??= credential;
      if (planned.victim !== credential) return false;
      planned.hits += 1;
      planned.firstHitMs ??= nowMs;
      return true;
    });
  }

  rateLimit(nowMs: number): FaultOf<'rate-limit'> | undefined {
    for (const planned of this.#planned) {
      if (planned.fault.kind === 'rate-limit' && isActive(planned, nowMs, planned.seen)) return planned.fault;
    }
    return undefined;
  }
}

function isRequestFault(fault: Fault): fault is RequestFault {
  return !STANDING.has(fault.kind);
}

function concerns(fault: Fault, { on, model }: Hit): boolean {
  if ('on' in fault && (fault.on ?? 'create') !== on) return false;
  if (!('on' in fault) && on !== 'create') return false;
  return !('model' in fault) || fault.model === undefined || fault.model === model;
}

function isActive({ fault, setAtMs, hits, firstHitMs }: Planned, nowMs: number, seenBefore: number): boolean {
  const { skip = 0, forMs = Infinity, fromMs = 0, untilMs = Infinity } = fault;
  const count = 'count' in fault ? (fault.count ?? Infinity) : Infinity;
  if (seenBefore < skip || hits >= count || nowMs - (firstHitMs ?? nowMs) >= forMs) return false;
  return nowMs - setAtMs >= fromMs && nowMs - setAtMs < untilMs;
}
