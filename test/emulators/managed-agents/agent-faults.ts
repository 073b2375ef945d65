/** What an emulated service of managed agents is told to get wrong, set over HTTP while it runs. All services share the words. */
import { z } from 'zod';
import { REASONS } from '../refusals.ts';

/**
 * Kinds of requests. `open`: a session and its first input. `input`: more input, or results. `follow`: the events of a session.
 * `read`: what became of one, or which there are.
 */
export const AGENT_REQUESTS = ['open', 'input', 'follow', 'read', 'cancel', 'close'] as const;
export type AgentRequest = (typeof AGENT_REQUESTS)[number];

const SOME = {
  /** Requests, or turns, let through first. */
  skip: z.int().min(0).optional(),
  /** Affected; default: until deleted. */
  count: z.int().min(1).optional(),
};

const FAULT = z.discriminatedUnion('kind', [
  z.strictObject({
    ...SOME,
    kind: z.literal('status'),
    on: z.enum(AGENT_REQUESTS),
    status: z.int().min(400).max(599).optional(),
    /** What is wrong, in this service's words; default: what its status usually means. */
    reason: z.enum(REASONS).optional(),
    headers: z.record(z.string(), z.string()).optional(),
  }),
  /** The connection is reset before anything is taken. */
  z.strictObject({ ...SOME, kind: z.literal('input-lost'), on: z.enum(AGENT_REQUESTS) }),
  /** It is taken, and the connection reset instead of an answer. */
  z.strictObject({ ...SOME, kind: z.literal('answer-lost'), on: z.enum(AGENT_REQUESTS) }),
  /** The request is taken by nobody, and never answered. */
  z.strictObject({ ...SOME, kind: z.literal('silence'), on: z.enum(AGENT_REQUESTS) }),
  /** The stream that tells what becomes of an input breaks after so many events; the session goes on. */
  z.strictObject({ ...SOME, kind: z.literal('stream-cut'), afterEvents: z.int().min(0).default(1) }),
  /** The same, but the connection stays open and silent. */
  z.strictObject({ ...SOME, kind: z.literal('stream-stall'), afterEvents: z.int().min(0).default(1) }),
  /** The session is gone, as after an expiry, when the next request for it comes. */
  z.strictObject({ ...SOME, kind: z.literal('session-lost') }),
  /** Input is accepted, and only recorded so much later: until then the session is as it was. */
  z.strictObject({ ...SOME, kind: z.literal('recorded-late'), afterMs: z.int().min(0) }),
  /** It works on something else when input comes. */
  z.strictObject({ ...SOME, kind: z.literal('busy') }),
  /** The stream ends in the middle of an event as if that were its end, where events have a length. */
  z.strictObject({ ...SOME, kind: z.literal('frame-cut'), afterEvents: z.int().min(0).default(1) }),
  /** The turn ends badly, with the service's code for it; where that is told in the stream's place, after so many events. */
  z.strictObject({ ...SOME, kind: z.literal('turn-failed'), code: z.string(), afterEvents: z.int().min(0).default(1) }),
  /** The turn ends well, without a word. */
  z.strictObject({ ...SOME, kind: z.literal('empty-turn') }),
  /** Each event takes that long. */
  z.strictObject({ ...SOME, kind: z.literal('slow'), eventDelayMs: z.int().min(0) }),
  /** The account may not use the service. */
  z.strictObject({ ...SOME, kind: z.literal('not-entitled') }),
  /** The region has no such service. */
  z.strictObject({ ...SOME, kind: z.literal('not-in-region') }),
]);

export type AgentFault = z.infer<typeof FAULT>;
export type AgentFaultOf<Kind extends AgentFault['kind']> = Extract<AgentFault, { kind: Kind }>;
export const AGENT_FAULTS_BODY = z.strictObject({ faults: z.array(FAULT) });

interface Planned {
  readonly fault: AgentFault;
  seen: number;
  hits: number;
}

export class AgentFaultPlan {
  #planned: Planned[] = [];

  add(faults: readonly AgentFault[]): void {
    this.#planned.push(...faults.map((fault) => ({ fault, seen: 0, hits: 0 })));
  }

  list(): readonly AgentFault[] {
    return this.#planned.map(({ fault }) => fault);
  }

  clear(): void {
    this.#planned = [];
  }

  /** Counts an occasion against the faults of these kinds, and gives the first that hits it. */
  take<Kind extends AgentFault['kind']>(kinds: readonly Kind[], on?: AgentRequest): AgentFaultOf<Kind> | undefined {
    const concerned = this.#planned.filter(
      ({ fault }) => kinds.some((kind) => kind === fault.kind) && (!('on' in fault) || fault.on === on),
    );
    for (const planned of concerned) planned.seen += 1;
    const hit = concerned.find(({ fault: { skip = 0, count = Infinity }, seen, hits }) => seen > skip && hits < count);
    if (hit === undefined) return undefined;
    hit.hits += 1;
    return hit.fault as AgentFaultOf<Kind>; // filtered by its kind above
  }
}
