/** A model's token is about four bytes of text in all the models' tokenizers; exact counts are not needed for a bound. */
const BYTES_PER_TOKEN = 4;

export function countTokens(text: string): number {
  return tokensOf(Buffer.byteLength(text));
}

export function tokensOf(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}

/** Without an empty one behind the last line break. */
export function countLines(text: string): number {
  const breaks = text.split('\n').length - 1;
  return text === '' || text.endsWith('\n') ? breaks : breaks + 1;
}

/** Text of at most about `maxTokens`: the head and the tail, with a note of what is missing between and a warning before. */
export function truncateOutput(text: string, maxTokens: number): string {
  const cut = cutMiddle(text, maxTokens);
  if (cut === text) return text;
  return `Warning: truncated output (original token count: ${countTokens(text)})\nTotal output lines: ${countLines(text)}\n\n${cut}`;
}

/** The same without the warning. */
export function cutMiddle(text: string, maxTokens: number): string {
  const bytes = Buffer.from(text);
  const room = maxTokens * BYTES_PER_TOKEN;
  if (bytes.length <= room) return text;
  const half = Math.floor(room / 2);
  const head = bytes.toString('utf8', 0, half).replace(/\uFFFD+$/, '');
  const tail = bytes.toString('utf8', bytes.length - half).replace(/^\uFFFD+/, '');
  return `${head}…${countTokens(text) - maxTokens} tokens truncated…${tail}`;
}
