/** What a tenant lets a turn do, settled when the task is planned and carried through its runs. */

export interface TurnPolicy {
  /** Tasks in flight keep the decision table that they were planned with: absent means `workflows/policy-1/`. */
  readonly version: 2;
  /** What an hour of waiting costs the tenant, in micro-dollars: weighed against the price of moving to a cold cache. */
  readonly hourUsdMicros: number;
}

/** A dollar an hour: a minute is worth a cold cache of about 7,000 tokens at two dollars a million. */
export const DEFAULT_HOUR_USD_MICROS = 1_000_000;

export const DEFAULT_TURN_POLICY: TurnPolicy = { version: 2, hourUsdMicros: DEFAULT_HOUR_USD_MICROS };
