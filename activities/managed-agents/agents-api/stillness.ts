import { SilenceError } from '../../clouds/responses-api/call-timer.ts';

/** What is looked at again and again, where nothing tells that it is over: how long it has not changed. */
export class Stillness {
  readonly #limitMs: number;
  #seen: string | undefined;
  #sinceMs = Date.now();
  #looks = 0;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Looks in a row, this one left out, that have seen the same. */
  look(seen: string): number {
    if (seen === this.#seen) return (this.#looks += 1);
    [this.#seen, this.#sinceMs, this.#looks] = [seen, Date.now(), 0];
    return 0;
  }

  /** What to fail with, once it has been the same for too long. */
  get silence(): SilenceError | undefined {
    return Date.now() - this.#sinceMs > this.#limitMs ? new SilenceError(this.#limitMs) : undefined;
  }
}
