/** One signal for a call: the caller's abort, or too long a silence. */
import type { CallTimeouts } from './cloud-dialect.ts';

export const DEFAULT_TIMEOUTS: CallTimeouts = {
  // Clouds name the response before they think: half a minute covers a slow queue in front of the model, twice over.
  firstEventMs: 60_000,
  // Hard thinking can be silent for minutes. Below the 300 s after which Node's fetch gives a body up, and the 350 s after which
  // a NAT forgets the connection (AWS).
  idleMs: 240_000,
  // Cancelling is a small request; the task's own end waits for it.
  cancelMs: 10_000,
  // Only where a cloud does not stream a background response: a turn takes seconds to minutes, and a poll is cheap.
  pollMs: 2_000,
};

/** The reason of the signal when nothing came for too long. */
export class SilenceError extends Error {
  readonly silenceMs: number;

  constructor(silenceMs: number) {
    super(`nothing came for ${silenceMs} ms`);
    this.name = 'SilenceError';
    this.silenceMs = silenceMs;
  }
}

export class CallTimer {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #onCallerAbort: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(caller: AbortSignal | undefined, silenceMs: number) {
    this.#caller = caller;
    this.#onCallerAbort = () => this.#controller.abort(caller?.reason);
    if (caller?.aborted === true) this.#onCallerAbort();
    else caller?.addEventListener('abort', this.#onCallerAbort, { once: true });
    this.restart(silenceMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something came: the silence is counted anew. */
  restart(silenceMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(new SilenceError(silenceMs)), silenceMs);
  }

  /** While our own work is done (a journal write), the cloud's silence is not counted. */
  pause(): void {
    clearTimeout(this.#timer);
  }

  /** Ends the call: what is still open of it is closed. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener('abort', this.#onCallerAbort);
    this.#controller.abort(new Error('the call has ended'));
  }
}
