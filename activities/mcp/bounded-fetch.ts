/**
 * `fetch` for the official client's HTTP transport, against two things that it does not mind: an answer without an end, which would take the
 * worker's memory, and a stream that ends without the answer it was for, which would be waited for until its time is over.
 */
import type { Transformer } from 'node:stream/web';
import { z } from 'zod';
import { LONGEST_MESSAGE_BYTES } from './line-reader.ts';

/** The stream of this request has ended; whoever has no answer to it by then, and cannot resume it, will not get one. */
export type OnStreamEnd = (id: string | number) => void;

const BLANK_LINE = /\r?\n\r?\n/g;
const RequestSchema = z.object({ id: z.union([z.string(), z.number()]) });

export function createBoundedFetch(onStreamEnd: OnStreamEnd): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (response.body === null) return response;
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    const id = isStream ? requestId(init?.body) : undefined;
    const bounded = isStream ? boundedEvents() : boundedBody();
    const body = response.body.pipeThrough(new TransformStream(bounded));
    const watched = id === undefined ? body : whenOver(body, () => onStreamEnd(id));
    const { status, statusText, headers } = response;
    const copy = new Response(watched, { status, statusText, headers });
    // A copy has no address, by which redirects are told.
    Object.defineProperty(copy, 'url', { value: response.url });
    return copy;
  };
}

/** Of a message that wants an answer. */
export function requestId(body: unknown): string | number | undefined {
  if (typeof body !== 'string') return undefined;
  const parsed = RequestSchema.safeParse(JSON.parse(body));
  return parsed.success ? parsed.data.id : undefined;
}

function boundedBody(): Transformer<Uint8Array, Uint8Array> {
  let bytes = 0;
  return {
    transform(chunk, controller) {
      bytes += chunk.length;
      pass(bytes, chunk, controller);
    },
  };
}

/** A stream may go on for days; an event of it may not. */
function boundedEvents(): Transformer<Uint8Array, Uint8Array> {
  let bytes = 0;
  return {
    transform(chunk, controller) {
      const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
      const last = [...text.matchAll(BLANK_LINE)].at(-1);
      bytes = last === undefined ? bytes + chunk.length : text.length - (last.index + last[0].length);
      pass(bytes, chunk, controller);
    },
  };
}

function pass(bytes: number, chunk: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>): void {
  if (bytes > LONGEST_MESSAGE_BYTES) controller.error(new Error('a message of the server is too long'));
  else controller.enqueue(chunk);
}

/** However it ends; whoever reads it has read all of it by then. */
function whenOver(body: ReadableStream<Uint8Array>, then: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      setImmediate(then);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
