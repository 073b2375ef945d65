/** Far above a page of tools or a picture; a server without an end must not take the worker's memory. */
export const LONGEST_MESSAGE_BYTES = 16 * 1024 * 1024;

/** Puts chunks together to lines. */
export class LineReader {
  readonly #onLine: (line: string) => void;
  #begun: Buffer[] = [];
  #bytes = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** `false`: a line is too long, and nothing is read any more. */
  read(chunk: Buffer): boolean {
    let rest = chunk;
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) {
      if (!this.#keep(rest.subarray(0, end))) return false;
      const line = Buffer.concat(this.#begun).toString('utf8');
      this.#begun = [];
      this.#bytes = 0;
      this.#onLine(line);
      rest = rest.subarray(end + 1);
    }
    return this.#keep(rest);
  }

  #keep(part: Buffer): boolean {
    this.#bytes += part.length;
    if (this.#bytes > LONGEST_MESSAGE_BYTES) {
      this.#begun = [];
      return false;
    }
    if (part.length > 0) this.#begun.push(part);
    return true;
  }
}
