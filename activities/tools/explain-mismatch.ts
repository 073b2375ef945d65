/** Words for a model whose lines were not found: which they are, and what stands where they most likely should be. Pure. */
import { findNearest } from './find-nearest.ts';
import type { NearestPlace } from './find-nearest.ts';

export interface Mismatch {
  readonly path: string;
  /** Of the file, without line ends. */
  readonly lines: readonly string[];
  readonly needle: readonly string[];
  /** Index of the line from which the needle was looked for. */
  readonly from: number;
  readonly problem: string;
}

/** Of either; a model that needs more reads the file. */
const MOST_SHOWN_LINES = 20;
/** Generated lines are endless. */
const MOST_OF_LINE = 300;

export function explainMismatch(mismatch: Mismatch): string {
  const { path, lines, needle, from, problem } = mismatch;
  const missed = `"${path}": ${problem}:\n${show(needle)}`;
  const nearest = findNearest(lines, { needle, from });
  if (nearest === undefined) return `${missed}\nNothing was found in the file that resembles them; read it again.`;
  const percent = Math.floor(nearest.similarity * 100);
  const there = lines.slice(nearest.start, nearest.start + needle.length);
  const numbered = there.map((line, offset) => `${nearest.start + offset + 1}: ${line}`);
  return `${missed}\nThe nearest place is line ${nearest.start + 1} (${percent} % alike), where this stands:\n${show(numbered)}\n${describeDifference(mismatch, nearest)}`;
}

function describeDifference({ lines, needle, from }: Mismatch, { start }: NearestPlace): string {
  const offset = needle.findIndex((line, at) => (lines[start + at] ?? '').trim() !== line.trim());
  const at = start + offset + 1;
  if (offset < 0 && start < from) return 'All of them stand there, but before the place where this chunk may match.';
  if (offset < 0) return 'All of them stand there, but not where this chunk may match.';
  const there = lines[start + offset];
  if (there === undefined) return `The file ends before its line ${at}.`;
  return `Line ${at} is ${JSON.stringify(shorten(there))}, not ${JSON.stringify(shorten(needle[offset] ?? ''))}.`;
}

function show(lines: readonly string[]): string {
  const shown = lines.slice(0, MOST_SHOWN_LINES).map(shorten).join('\n');
  return lines.length > MOST_SHOWN_LINES ? `${shown}\n… and ${lines.length - MOST_SHOWN_LINES} more lines` : shown;
}

function shorten(line: string): string {
  return line.length > MOST_OF_LINE ? `${line.slice(0, MOST_OF_LINE)}…` : line;
}
