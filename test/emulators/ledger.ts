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
  aborted: boolean;
  /** Generated so far. */
  events: number;
  /** When the generation ended, however it did. */
  endedAtMs: number | null;
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
      aborted: false,
      events: 0,
      endedAtMs: null,
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
