/** A running command whose output is handed out in chunks, each byte once: what it prints between two calls waits for the next. */
import { setTimeout as delay } from 'node:timers/promises';
import { OutputBuffer } from '../sandbox/output-buffer.ts';
import type { KeptOutput } from '../sandbox/output-spool.ts';
import type { ProcessEnd, SandboxProcess } from '../sandbox/sandbox.ts';

/** `interrupted`: the model ended it; `idle`: nobody called for too long. */
export type SessionEnd = ProcessEnd | { readonly kind: 'interrupted' } | { readonly kind: 'idle' };

/** What came of waiting for a session. */
export interface SessionChunk {
  readonly output: string;
  /** Where all of it is, when that is more. */
  readonly kept?: KeptOutput;
  readonly wallTimeMs: number;
  /** Absent while it runs. */
  readonly end?: SessionEnd;
}

/** What is known of a session before its process is started. */
export interface SessionTraits {
  readonly id: number;
  /** Runs outside of the sandbox. */
  readonly isEscalated: boolean;
  readonly hasTerminal: boolean;
  readonly timeoutMs?: number;
  /** It is ended when nobody called for so long. */
  readonly idleMs: number;
  /** For outputs that are longer than what is kept in memory. */
  readonly outputFolder?: string;
}

type Wait = { readonly waitMs: number; readonly signal: AbortSignal };

export class CommandSession {
  readonly traits: SessionTraits;
  #process: SandboxProcess | undefined;
  #buffer: OutputBuffer;
  /** The bytes of a character that is not whole yet. */
  #rest: Buffer = Buffer.alloc(0);
  #end: SessionEnd | undefined;
  #stopped: 'interrupted' | 'idle' | undefined;
  #idle: NodeJS.Timeout | undefined;
  /** The one that starts it waits for it next. */
  #callers = 1;
  #isTaken = false;
  #lastCallAt = performance.now();

  constructor(traits: SessionTraits) {
    this.traits = traits;
    this.#buffer = new OutputBuffer(traits.outputFolder);
  }

  get id(): number {
    return this.traits.id;
  }

  /** Whether a call waits for it right now. */
  get isBusy(): boolean {
    return this.#callers > 0;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** On the clock of `performance.now()`. */
  get lastCallAt(): number {
    return this.#lastCallAt;
  }

  /** Takes what its process prints. */
  readonly onOutput = (chunk: Buffer): void => {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const whole = bytes.length - cutCharacter(bytes);
    this.#rest = Buffer.from(bytes.subarray(whole));
    this.#buffer.write(bytes.subarray(0, whole));
  };

  /** Called once, with the process that was started for it. */
  attach(process: SandboxProcess): void {
    this.#process = process;
    void process.ended.then((end) => {
      clearTimeout(this.#idle);
      this.#end = this.#stopped === undefined || end.kind !== 'cancelled' ? end : { kind: this.#stopped };
    });
  }

  /** Waits for its end, at most `waitMs`, and hands out what it printed. An aborted signal kills it. */
  async take({ waitMs, signal }: Wait): Promise<SessionChunk> {
    const startedAt = performance.now();
    if (this.#isTaken) this.#callers += 1;
    this.#isTaken = true;
    clearTimeout(this.#idle);
    await this.#untilEnded({ waitMs, signal });
    this.#callers -= 1;
    this.#lastCallAt = performance.now();
    if (!this.isBusy && !this.hasEnded) this.#idle = setTimeout(() => void this.stop('idle'), this.traits.idleMs).unref();
    const printed = this.#drain();
    const wallTimeMs = this.#lastCallAt - startedAt;
    return this.#end === undefined ? { ...printed, wallTimeMs } : { ...printed, wallTimeMs, end: this.#end };
  }

  /** Types in its terminal. @returns false when it has none, or has ended */
  write(text: string): boolean {
    return this.#process?.write(text) ?? false;
  }

  /** Kills its process tree and waits for that. */
  async stop(why: 'interrupted' | 'idle' | 'cancelled'): Promise<void> {
    if (why !== 'cancelled') this.#stopped ??= why;
    this.#process?.kill();
    await this.#process?.ended;
  }

  /** The same when nobody will ask for what it printed last. */
  async discard(): Promise<void> {
    await this.stop('cancelled');
    this.#buffer.close();
  }

  async #untilEnded({ waitMs, signal }: Wait): Promise<void> {
    const ended = this.#process?.ended ?? Promise.resolve();
    const timer = new AbortController();
    const isOver = AbortSignal.any([signal, timer.signal]);
    await Promise.race([ended, delay(waitMs, undefined, { signal: isOver }).catch(() => undefined)]);
    timer.abort();
    if (signal.aborted) await this.stop('cancelled');
  }

  #drain(): Pick<SessionChunk, 'output' | 'kept'> {
    if (this.hasEnded) this.#buffer.write(this.#rest);
    const [output, kept] = [this.#buffer.toString(), this.#buffer.close()];
    this.#buffer = new OutputBuffer(this.traits.outputFolder);
    if (this.hasEnded) this.#rest = Buffer.alloc(0);
    return kept === undefined ? { output } : { output, kept };
  }
}

/** How many bytes at the end are the beginning of a UTF-8 character whose other bytes are yet to come. */
function cutCharacter(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc0) return back < lengthFrom(byte) ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

function lengthFrom(lead: number): number {
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}
