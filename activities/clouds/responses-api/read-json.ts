import { createAllowance, spend } from './answer-allowance.ts';
import { BrokenStreamError } from './read-response-stream.ts';
import { readChunks } from './server-sent-events.ts';

/** The signal that a request was sent with closes its body, too. */
const NEVER = new AbortController().signal;

/** Of an answer in several pages, all of them share the allowance. @throws BrokenStreamError when it is no JSON, AnswerTooLargeError */
export async function readJson({ body }: Response, allowance = createAllowance()): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  if (body !== null) {
    for await (const chunk of readChunks(body, NEVER)) {
      spend(allowance, chunk.byteLength);
      chunks.push(chunk);
    }
  }
  try {
    return JSON.parse(new TextDecoder().decode(Buffer.concat(chunks)));
  } catch {
    throw new BrokenStreamError('malformed answer');
  }
}
