import type { KeptOutput, OutputSpool } from './output-spool.ts';
import { openSpool } from './output-spool.ts';
import { OUTPUT_LIMIT_BYTES } from './sandbox.ts';

/** Room for the line between head and tail. */
const NOTE_BYTES = 64;
const HALF_BYTES = (OUTPUT_LIMIT_BYTES - NOTE_BYTES) / 2;

/**
 * Keeps the head and the tail of a command's output, whatever its length: 100 MB cost no more memory than 2 MB. With a folder all of an
 * output that is longer is there in a file.
 */
export class OutputBuffer {
  readonly #folder: string | undefined;
  /** `undefined`: all is in memory yet, or no file could be made. */
  #spool: OutputSpool | undefined;
  #bytes = 0;
  #headBytes = 0;
  #tailBytes = 0;
  readonly #head: Buffer[] = [];
  #tail: Buffer[] = [];

  constructor(folder?: string) {
    this.#folder = folder;
  }

  get bytes(): number {
    return this.#bytes;
  }

  write(chunk: Buffer): void {
    const isFull = this.#bytes <= 2 * HALF_BYTES && this.#bytes + chunk.length > 2 * HALF_BYTES;
    if (isFull && this.#folder !== undefined) this.#spoolAll(this.#folder);
    this.#spool?.write(chunk);
    this.#bytes += chunk.length;
    const room = HALF_BYTES - this.#headBytes;
    if (room > 0) {
      const part = chunk.subarray(0, room);
      this.#head.push(part);
      this.#headBytes += part.length;
    }
    if (chunk.length > room) this.#writeTail(chunk.subarray(Math.max(0, room)));
  }

  /** Where all of it is, when that is more than `toString` gives. Nothing may be written afterwards. */
  close(): KeptOutput | undefined {
    const kept = this.#spool?.close();
    this.#spool = undefined;
    return kept;
  }

  toString(): string {
    const tail = Buffer.concat(this.#tail);
    const kept = tail.subarray(Math.max(0, tail.length - HALF_BYTES));
    const omitted = this.#bytes - this.#headBytes - kept.length;
    if (omitted === 0) return Buffer.concat([...this.#head, kept]).toString('utf8');
    const note = `\n... ${omitted} bytes omitted ...\n`;
    return `${withoutCutEnd(Buffer.concat(this.#head))}${note}${withoutCutStart(kept)}`;
  }

  /** What came before nothing was left out. */
  #spoolAll(folder: string): void {
    this.#spool = openSpool(folder);
    for (const chunk of [...this.#head, ...this.#tail]) this.#spool?.write(chunk);
  }

  /** Compacts only when twice the room is used, so that each byte is copied once on average. */
  #writeTail(chunk: Buffer): void {
    this.#tail.push(chunk);
    this.#tailBytes += chunk.length;
    if (this.#tailBytes < 2 * HALF_BYTES) return;
    const tail = Buffer.concat(this.#tail);
    this.#tail = [Buffer.from(tail.subarray(tail.length - HALF_BYTES))];
    this.#tailBytes = HALF_BYTES;
  }
}

/** A character of several bytes that the cut goes through would read as U+FFFD and make the text longer than it may be. */
function withoutCutEnd(bytes: Buffer): string {
  let end = bytes.length;
  while (end > 0 && end > bytes.length - 4 && isContinuation(bytes[end - 1])) end -= 1;
  const lead = bytes[end - 1] ?? 0;
  return bytes.toString('utf8', 0, lead >= 0xc0 ? end - 1 : bytes.length);
}

function withoutCutStart(bytes: Buffer): string {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start += 1;
  return bytes.toString('utf8', start);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
