/** A conversation of as many turns as asked for: each reads one small file, the last one answers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const PROMPT = 'benchmark: read the file again and again';
export const READ_PATH = 'notes.txt';
/** More than any run takes; runs are ended by their limit of turns or by the script of that length. */
export const LENGTHS = [10, 40, 100, 500] as const;
export type Length = (typeof LENGTHS)[number];

/** The prompt that makes the emulated model answer for this many turns. */
export function promptOf(turns: Length): string {
  return `${PROMPT} (${turns} turns)`;
}

export function writeScripts(directory: string): void {
  mkdirSync(directory, { recursive: true });
  // Longest first: "(40 turns)" must not be taken for the plain prompt, which the rival uses for any length.
  const scripts = [
    ...LENGTHS.map((turns) => ({ when: { inputContains: `(${turns} turns)` }, turns: turnsOf(turns) })),
    { when: { inputContains: PROMPT }, turns: turnsOf(500) },
  ];
  writeFileSync(join(directory, 'benchmark.json'), JSON.stringify(scripts));
}

function turnsOf(count: number): readonly object[] {
  const step = { text: 'I look again.', toolCalls: [{ name: 'read_file', input: { path: READ_PATH } }] };
  return [...Array.from({ length: count - 1 }, () => step), { text: 'Done.' }];
}
