/** One response as it is generated: its events come one by one, and whoever streams it sees those so far and those to come. */
import { EventEmitter, once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { LedgerEntry } from './ledger.ts';
import { settle } from './ledger.ts';
import type { ScriptedResponse, WireEvent } from './response-events.ts';

export interface GenerationOptions {
  readonly response: ScriptedResponse;
  readonly entry: LedgerEntry;
  readonly eventDelayMs: number;
  /** Ends this way instead of completing. */
  readonly end?: { readonly status: 'failed' | 'incomplete' | 'expired' | 'cancelled'; readonly code?: string | undefined };
}

export type GenerationStatus =
  | 'in_progress'
  | 'completed'
  | 'failed'
  | 'incomplete'
  | 'expired'
  | 'cancelled'
  | 'aborted'
  | 'broken';

export class Generation {
  readonly response: ScriptedResponse;
  readonly #entry: LedgerEntry;
  readonly #changed = new EventEmitter();
  #events: readonly WireEvent[] = [];
  #status: GenerationStatus = 'in_progress';

  constructor(options: GenerationOptions) {
    this.response = options.response;
    this.#entry = options.entry;
    this.#changed.setMaxListeners(0);
    void this.#run(options);
  }

  get status(): GenerationStatus {
    return this.#status;
  }

  /** The response as a poll sees it. */
  toObject(): object {
    const last = this.#events.at(-1);
    return this.#status !== 'in_progress' && last !== undefined && 'response' in last && typeof last['response'] === 'object'
      ? { ...last['response'] }
      : this.response.snapshot(this.#status);
  }

  /** Events with a number above `after`, to the generation's end. */
  async *follow(after: number): AsyncGenerator<WireEvent, void> {
    for (let next = after + 1; ; next += 1) {
      while (this.#events[next] === undefined) {
        if (this.#status !== 'in_progress') return;
        await once(this.#changed, 'change');
      }
      yield this.#events[next] as WireEvent; // the loop above waits for it
    }
  }

  /** Stops a background response; one that has ended stays as it is. */
  cancel(): void {
    this.#end('cancelled', 'partial');
  }

  /** The client went away: what was generated so far is billed, as clouds do. */
  abort(): void {
    this.#end('aborted', 'partial');
  }

  /** The cloud itself broke. */
  break(billed: boolean): void {
    this.#end('broken', billed ? 'partial' : 'nothing');
  }

  async #run({ response, eventDelayMs, end }: GenerationOptions): Promise<void> {
    for (const event of response.events) {
      // A turn of the event loop at least, so that an abort is seen between two events.
      await pause(eventDelayMs);
      if (this.#status !== 'in_progress') return;
      if (event.type === 'response.completed') {
        this.#finish(event, end);
        return;
      }
      this.#events = [...this.#events, event];
      this.#entry.events = this.#events.length;
      this.#changed.emit('change');
    }
  }

  #finish(completed: WireEvent, end: GenerationOptions['end']): void {
    if (end === undefined) {
      this.#events = [...this.#events, completed];
      this.#end('completed', 'all');
      return;
    }
    const { status } = end;
    if (status === 'failed' || status === 'incomplete') {
      const response = { ...this.response.snapshot(status), ...detailsOf(status, end.code) };
      this.#events = [...this.#events, { type: `response.${status}`, sequence_number: completed.sequence_number, response }];
    }
    // What was generated up to a limit is an answer, and paid.
    this.#end(status, status === 'incomplete' ? 'all' : 'nothing');
  }

  #end(status: GenerationStatus, bill: 'all' | 'partial' | 'nothing'): void {
    if (this.#status !== 'in_progress') return;
    this.#status = status;
    const { inputTokens, outputTokens } = this.response.usage;
    const share = this.#events.length / this.response.events.length;
    if (bill === 'all') this.#entry.billedUsage = { inputTokens, outputTokens };
    if (bill === 'partial') this.#entry.billedUsage = { inputTokens, outputTokens: Math.ceil(outputTokens * share) };
    settle(this.#entry, bill === 'all' ? 'completed' : status === 'broken' || bill === 'nothing' ? 'broken' : 'aborted');
    this.#changed.emit('change');
  }
}

function detailsOf(status: 'failed' | 'incomplete', code: string | undefined): object {
  return status === 'failed'
    ? { error: { code: code ?? 'server_error', message: 'emulated failure' } }
    : { incomplete_details: { reason: code ?? 'max_output_tokens' } };
}
