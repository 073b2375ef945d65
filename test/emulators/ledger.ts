/** What an emulated endpoint was asked and what it would have billed: the tests about money read it. */

export interface LedgerEntry {
  readonly sequence: number;
  readonly arrivedAtMs: number;
  readonly method: string;
  readonly path: string;
  wireModel: string | null;
  metadata: Readonly<Record<string, string>> | null;
  responseId: string | null;
  status: number | null;
  outcome: 'open' | 'completed' | 'refused' | 'broken' | 'aborted';
  /** When the outcome was settled; a background response may end after the request that made it was answered. */
  endedAtMs: number | null;
  /** The client stopped the generation: it went away, or cancelled. */
  aborted: boolean;
  abortedAtMs: number | null;
  /** When the client closed the connection before its answer was whole, whether or not that stopped anything. */
  disconnectedAtMs: number | null;
  /** Kind of the fault that it met. */
  fault: string | null;
  /** Generated so far. */
  events: number;
  stream: boolean;
  background: boolean;
  /** null: nothing was generated, or the cloud broke it by itself. */
  billedUsage: { readonly inputTokens: number; readonly outputTokens: number } | null;
}

export class Ledger {
  readonly #entries: LedgerEntry[] = [];

  open(method: string, path: string): LedgerEntry {
    const entry: LedgerEntry = {
      sequence: this.#entries.length + 1,
      arrivedAtMs: Date.now(),
      method,
      path,
      wireModel: null,
      metadata: null,
      responseId: null,
      status: null,
      outcome: 'open',
      endedAtMs: null,
      aborted: false,
      abortedAtMs: null,
      disconnectedAtMs: null,
      fault: null,
      events: 0,
      stream: false,
      background: false,
      billedUsage: null,
    };
    this.#entries.push(entry);
    return entry;
  }

  list(): readonly LedgerEntry[] {
    return this.#entries;
  }
}

export function settle(entry: LedgerEntry, outcome: Exclude<LedgerEntry['outcome'], 'open'>): void {
  entry.outcome = outcome;
  entry.endedAtMs = Date.now();
  if (outcome !== 'aborted') return;
  entry.aborted = true;
  entry.abortedAtMs = entry.endedAtMs;
}
