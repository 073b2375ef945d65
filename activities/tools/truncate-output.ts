/** A model's token is about four bytes of text in all the models' tokenizers; exact counts are not needed for a bound. */
const BYTES_PER_TOKEN = 4;

export function countTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

/** Text of at most about `maxTokens`: the head and the tail, with a note of what is missing between. */
export function truncateOutput(text: string, maxTokens: number): string {
  const bytes = Buffer.from(text);
  const room = maxTokens * BYTES_PER_TOKEN;
  if (bytes.length <= room) return text;
  const half = Math.floor(room / 2);
  const head = bytes.toString('utf8', 0, half).replace(/\uFFFD+$/, '');
  const tail = bytes.toString('utf8', bytes.length - half).replace(/^\uFFFD+/, '');
  const omitted = countTokens(text) - maxTokens;
  const note = `Warning: truncated output (original token count: ${countTokens(text)})\nTotal output lines: ${text.split('\n').length}\n\n`;
  return `${note}${head}…${omitted} tokens truncated…${tail}`;
}
