/**
 * What `anyport route` and `anyport catalog` print. Names and addresses in it are an operator's or a stranger's: they are told, and do
 * nothing to the terminal.
 */

/** Control, format (bidi marks, zero widths, tags), private and half characters; a newline is ours. */
const UNPRINTABLE = /[^\P{C}\n]|[\u2028\u2029]/gu;
const NOT_ASCII = /[^ -~]/g;

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

/** What a terminal would act on is written as an escape: it is seen, and nothing of the text is missing. */
export function toPrintableText(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** One line of ASCII: the same value to a program, harmless on a terminal. */
export function toJsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A reader that closes the pipe early, as `head` does, is no failure. */
export function tolerateClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}
