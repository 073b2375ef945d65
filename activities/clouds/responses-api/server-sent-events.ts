/** Reads a body of server-sent events. Only what the Responses API uses: the data of each event, and its name. */

export interface ServerSentEvent {
  readonly name: string;
  readonly data: string;
}

/**
 * The terminal event holds the whole answer, and answers are megabytes at most: what goes past this is no event stream, and would
 * fill the worker's memory.
 */
export const MAX_EVENT_CHARACTERS = 64 * 1024 * 1024;
const LINE_END = /\r\n|\n|\r(?!$)/;

/** The stream is not one of events. */
export class EventTooLargeError extends Error {
  constructor() {
    super(`an event is larger than ${MAX_EVENT_CHARACTERS} characters`);
    this.name = 'EventTooLargeError';
  }
}

/** The connection broke within the body; `cause` is what the HTTP client says. */
export class StreamCutError extends Error {
  constructor(cause: unknown) {
    super('the stream was cut', { cause });
    this.name = 'StreamCutError';
  }
}

/** Yields every event that is complete, that is, ended by an empty line; a cut one is dropped. */
export async function* readServerSentEvents(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let fields: string[] = [];
  let characters = 0;
  for await (const chunk of readChunks(body, signal)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(LINE_END);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line !== '') {
        fields.push(line);
        characters += line.length;
        continue;
      }
      const event = toEvent(fields);
      [fields, characters] = [[], 0];
      if (event !== undefined) yield event;
    }
    if (characters + rest.length > MAX_EVENT_CHARACTERS) throw new EventTooLargeError();
  }
}

/** An abort cancels the body, which closes the connection, even where the HTTP client would go on reading. */
export async function* readChunks(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  const onAbort = (): void => void reader.cancel(signal.reason).catch(() => undefined);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        signal.throwIfAborted();
        throw new StreamCutError(error);
      });
      signal.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    await reader.cancel().catch(() => undefined);
  }
}

function toEvent(lines: readonly string[]): ServerSentEvent | undefined {
  const data = lines.filter((line) => line.startsWith('data:')).map((line) => valueOf(line));
  if (data.length === 0) return undefined;
  const name = lines.findLast((line) => line.startsWith('event:'));
  return { name: name === undefined ? '' : valueOf(name), data: data.join('\n') };
}

function valueOf(line: string): string {
  const value = line.slice(line.indexOf(':') + 1);
  return value.startsWith(' ') ? value.slice(1) : value;
}
