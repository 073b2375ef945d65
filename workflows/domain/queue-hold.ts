/** What an operator has done to an endpoint's queue: the rate that Temporal hands its calls out at, whoever polls it. */

export interface QueueHold {
  /** drained: no call is handed out · throttled: at most `perSecond`. */
  readonly kind: 'drained' | 'throttled';
  readonly perSecond: number;
  /** In the operator's words; '' when none were given. */
  readonly reason: string;
  /** Who did it, as Temporal knows them. */
  readonly by: string;
}

/** A queue's configuration as Temporal's API gives it, as far as it is read here. */
interface QueueConfig {
  readonly queueRateLimit?: {
    readonly rateLimit?: { readonly requestsPerSecond?: number | null } | null;
    readonly metadata?: { readonly reason?: string | null; readonly updateIdentity?: string | null } | null;
  } | null;
}

/** `undefined`: nobody holds the queue. */
export function toQueueHold(config: QueueConfig | null | undefined): QueueHold | undefined {
  const limit = config?.queueRateLimit;
  // A lifted limit leaves its reason behind, and no rate.
  if (limit?.rateLimit === undefined || limit.rateLimit === null) return undefined;
  const perSecond = limit.rateLimit.requestsPerSecond ?? 0;
  const { reason, updateIdentity } = limit.metadata ?? {};
  return { kind: perSecond === 0 ? 'drained' : 'throttled', perSecond, reason: reason ?? '', by: updateIdentity ?? '' };
}

/** `drained by ada@ops: maintenance`, `throttled to 0.5/s by ada@ops`. */
export function describeHold({ kind, perSecond, reason, by }: QueueHold): string {
  const what = kind === 'drained' ? 'drained' : `throttled to ${perSecond}/s`;
  return `${what}${by === '' ? '' : ` by ${by}`}${reason === '' ? '' : `: ${reason}`}`;
}
