/**
 * What differs between clouds that speak the OpenAI Responses API: what they take, where they put the request's id, and how they
 * name what went wrong. Each cloud's folder fills this in; the rest of the call is the same everywhere.
 */
import type OpenAI from 'openai';
import type { Acceptance, FailureScope, ModelFailureKind } from '../../../workflows/domain/model-failure.ts';

export interface RequestDialect {
  readonly metadata: boolean;
  /** `unsupported`: refused here, before anything is sent; `stored`: only with `store: true`; `unstored`: with `store: false` too. */
  readonly background: 'unsupported' | 'stored' | 'unstored';
}

export interface ResponseDialect {
  /** Headers that may carry the cloud's id of the request, best first. */
  readonly requestIdHeaders: readonly string[];
}

/** What a name that a cloud gives a failure means. */
export interface FailureRule {
  readonly kind: ModelFailureKind;
  readonly scope: FailureScope;
  /** Instead of the cloud's name for it, where that one tells nothing. */
  readonly code?: string;
}

/** An answer that is no 2xx, or an error told within a stream; read from whichever of the known shapes it came in. */
export interface Refusal {
  readonly status: number | undefined;
  /** The cloud's names for it, most telling first. */
  readonly names: readonly string[];
  /** Only to tell apart what a cloud gives no names for. It may quote the request, so it never goes into a failure. */
  readonly message: string;
  readonly retryAfterMs: number | undefined;
  readonly requestId: string | undefined;
  /** The cloud said that sending it again is useless. */
  readonly doNotRetry: boolean;
}

export interface FailureDialect {
  /** The cloud's own names, in lower case; they come before the shared ones. */
  readonly rules: Readonly<Record<string, FailureRule>>;
  /** For what the cloud does not name: looked at first, `undefined` leaves it to the names and the status. */
  judge(refusal: Refusal): FailureRule | undefined;
}

export interface CloudDialect {
  readonly request: RequestDialect;
  readonly response: ResponseDialect;
  readonly failure: FailureDialect;
}

/** How long to wait; the defaults are in `call-timer.ts`. */
export interface CallTimeouts {
  readonly firstEventMs: number;
  readonly idleMs: number;
  readonly cancelMs: number;
  readonly pollMs: number;
}

/** Makes the SDK's client with its retries off, sending through the given fetch. */
export interface ResponsesEndpoint {
  readonly dialect: CloudDialect;
  readonly timeouts: CallTimeouts;
  createSdk(fetch: typeof globalThis.fetch): OpenAI;
}

/** How far a call has come, for what happens to it without the cloud saying anything. */
export interface CallPosition {
  readonly phase: 'resolve' | 'sent' | 'headers' | 'started' | 'output' | 'terminal';
  readonly acceptance: Acceptance;
}
