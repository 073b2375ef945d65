/**
 * What `anyport route` and `anyport catalog` print. Names and addresses in it are an operator's or a stranger's: they are told, and do
 * nothing to the terminal.
 */
import { toJsonLine, toPrintableText } from '../../workflows/domain/printable.ts';

export function print(text: string): void {
  process.stdout.write(`${toPrintableText(text)}\n`);
}

/** To standard error: what is said about a result, not the result. */
export function note(text: string): void {
  process.stderr.write(`${toPrintableText(text)}\n`);
}

/** Commander quotes what it was given. */
export const PRINTABLE_OUTPUT = {
  writeErr: (text: string): void => {
    process.stderr.write(toPrintableText(text));
  },
} as const;

export function printJson(value: unknown): void {
  process.stdout.write(`${toJsonLine(value)}\n`);
}

/** A reader that closes the pipe early, as `head` does, is no failure. */
export function tolerateClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}
