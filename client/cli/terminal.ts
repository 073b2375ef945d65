/** What the commands print: results to standard output, everything about them to standard error. */
import { styleText } from 'node:util';
import { toJsonLine, toPrintableText } from '../../workflows/domain/printable.ts';

type Style = Parameters<typeof styleText>[0];

/** Prints untrusted text to standard output; in colour on a terminal that wants it. */
export function print(text: string, style?: Style): void {
  write(process.stdout, text, style);
}

/** The same, to standard error. */
export function note(text: string, style?: Style): void {
  write(process.stderr, text, style);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${toJsonLine(value)}\n`);
}

/** Untrusted bytes as they are, for a program or a file; what a terminal would act on is taken out for a person. */
export function printBytes(bytes: Uint8Array): void {
  if (process.stdout.isTTY) process.stdout.write(toPrintableText(Buffer.from(bytes).toString('utf8')));
  else process.stdout.write(bytes);
}

/** A reader that closes the pipe early, as `head` does, is no failure. */
export function tolerateClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

/** `styleText` itself looks at the stream, NO_COLOR and FORCE_COLOR. */
function write(stream: NodeJS.WriteStream, text: string, style: Style | undefined): void {
  const printable = toPrintableText(text);
  stream.write(`${style === undefined ? printable : styleText(style, printable, { stream })}\n`);
}
