/** Why an offering may not serve, or may only with a warning. */
import type { Fact, IsoDate } from './catalog.ts';

/** Closed set of reasons; the words operators search for. */
export const REASON_CODES = [
  'NOT_OFFERED',
  'NOT_YET',
  'RETIRED',
  'RETIRES_DURING_TASK',
  'STAGE_TOO_LOW',
  'NOT_ENTITLED',
  'NO_QUOTA',
  'CAPABILITY_MISSING',
  'CONTEXT_TOO_SMALL',
  'PARTITION',
  'RESIDENCY_PROCESSING',
  'RESIDENCY_STORAGE',
  'SCOPE_TOO_WIDE',
  'COMPLIANCE_NO',
  'COMPLIANCE_UNKNOWN',
  'RETENTION',
  'RETENTION_BLOCKS_CAPABILITY',
  'TENANT_DENY',
  'NOT_STANDARD_CLOUD',
  'RESELLER',
  'PRICE_CAP',
  'EVIDENCE_TOO_WEAK',
  'FACT_STALE',
  'STATE_PINNED',
  'SUSPENDED',
  'NOT_CONFIGURED',
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

/** One reason: what was asked, what is true, by which facts, and what to do. A hard one excludes, a soft one warns. */
export interface Reason {
  readonly code: ReasonCode;
  readonly severity: 'hard' | 'soft';
  readonly expected: string;
  readonly actual: string;
  /** Ids of the facts that it rests on. */
  readonly facts?: readonly string[];
  /** Where those come from. */
  readonly sources?: readonly string[];
  /** One of those facts is the operator's own. */
  readonly by?: 'operator';
  /** The known day from which on it holds no more. */
  readonly clearsOn?: IsoDate;
  readonly remedy?: string;
}

interface Told {
  readonly code: ReasonCode;
  readonly severity?: Reason['severity'];
  readonly expected: string;
  readonly actual: string;
  readonly fact?: Fact<unknown> | undefined;
  readonly clearsOn?: IsoDate | null | undefined;
  readonly remedy?: string | undefined;
}

/** Hard unless it says otherwise. */
export function toReason({ code, severity = 'hard', expected, actual, fact, clearsOn, remedy }: Told): Reason {
  // Key by key: a decision has some fifty reasons, and spreading them in takes a third of its time.
  const reason: { -readonly [Key in keyof Reason]: Reason[Key] } = { code, severity, expected, actual };
  if (fact !== undefined) {
    reason.facts = [fact.id];
    reason.sources = fact.sources.map(({ url }) => url);
    if (fact.by === 'operator') reason.by = fact.by;
  }
  if (clearsOn !== undefined && clearsOn !== null) reason.clearsOn = clearsOn;
  if (remedy !== undefined) reason.remedy = remedy;
  return reason;
}

export function isHard({ severity }: Reason): boolean {
  return severity === 'hard';
}
