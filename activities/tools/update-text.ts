/** Applies the chunks of one file to its text. Pure. Lines that only serve as context stay as the file has them. */
import { explainMismatch } from './explain-mismatch.ts';
import type { LineSearch } from './find-lines.ts';
import { findLines } from './find-lines.ts';
import type { PatchChunk, PatchLine } from './parse-patch.ts';

/** The patch does not fit the files; the message is for the model. */
export class PatchMismatch extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PatchMismatch';
  }
}

interface Place {
  /** Index of the first line of the chunk's old lines. */
  readonly start: number;
  readonly lines: readonly PatchLine[];
}

interface Target {
  readonly path: string;
  /** Without line ends. */
  readonly lines: readonly string[];
}

/** @throws PatchMismatch with the lines that were not found and the nearest place */
export function updateText(path: string, text: string, chunks: readonly PatchChunk[]): string {
  const original = splitLines(text);
  const target: Target = { path, lines: original.map(withoutReturn) };
  const lineEnd = isMostlyCrlf(original) ? '\r' : '';
  let cursor = 0;
  const places = chunks.map((chunk) => {
    const place = locate(target, chunk, cursor);
    if (oldLines(chunk.lines).length > 0) cursor = place.start + oldLines(place.lines).length;
    return place;
  });
  const result = [...original];
  // From the end, so that earlier indices stay right; chunks that append at the end keep their order.
  for (const place of inOrder(places).toReversed()) {
    result.splice(place.start, oldLines(place.lines).length, ...replacement(original, place, lineEnd));
  }
  return result.length === 0 ? '' : `${result.join('\n')}\n`;
}

/** Whether the text looks as it would after the chunks: what they insert stands there, and what they remove is gone. */
export function isUpdated(text: string, chunks: readonly PatchChunk[]): boolean {
  const lines = splitLines(text).map(withoutReturn);
  let cursor = 0;
  for (const chunk of chunks) {
    const [removed, expected] = [oldLines(chunk.lines), newLines(chunk.lines)];
    const removes = chunk.lines.some(({ kind }) => kind === 'remove');
    const appends = removed.length === 0;
    const { from, missing } = appends ? { from: 0, missing: undefined } : findAnchors(lines, chunk.anchors, cursor);
    if (missing !== undefined) return false;
    const at = expected.length === 0 ? undefined : exact(lines, { needle: expected, from, isAtEnd: chunk.isAtEnd || appends });
    if (at === undefined) return false;
    if (removes && findLines(lines, { needle: removed, from, isAtEnd: false }) !== undefined) return false;
    if (!appends) cursor = at + expected.length;
  }
  return true;
}

function locate(target: Target, chunk: PatchChunk, cursor: number): Place {
  const { from, missing } = findAnchors(target.lines, chunk.anchors, cursor);
  if (missing !== undefined)
    throw mismatch(target, { needle: [missing], from }, `the anchor "@@ ${missing}" was not found ${after(from)}`);
  const needle = oldLines(chunk.lines);
  // Insertions without context go to the end of the file even below an anchor: models are trained with a tool that does so.
  if (needle.length === 0) return { start: target.lines.length, lines: chunk.lines };
  const start = findLines(target.lines, { needle, from, isAtEnd: chunk.isAtEnd });
  if (start !== undefined) return { start, lines: chunk.lines };
  const shorter = withoutBlankEnd(chunk.lines);
  const rest = shorter === undefined ? [] : oldLines(shorter);
  const second = rest.length === 0 ? undefined : findLines(target.lines, { needle: rest, from, isAtEnd: chunk.isAtEnd });
  if (shorter !== undefined && second !== undefined) return { start: second, lines: shorter };
  const where = chunk.isAtEnd ? 'at the end of the file' : after(from);
  throw mismatch(target, { needle, from }, `these lines were not found ${where}`);
}

interface AnchorSearch {
  /** Index of the line behind the anchors that were found. */
  readonly from: number;
  readonly missing: string | undefined;
}

function findAnchors(lines: readonly string[], anchors: readonly string[], cursor: number): AnchorSearch {
  let from = cursor;
  for (const anchor of anchors) {
    const at = findLines(lines, { needle: [anchor], from, isAtEnd: false });
    if (at === undefined) return { from, missing: anchor };
    from = at + 1;
  }
  return { from, missing: undefined };
}

function after(from: number): string {
  return from === 0 ? 'in the file' : `after line ${from}`;
}

function mismatch(target: Target, search: Pick<LineSearch, 'needle' | 'from'>, problem: string): PatchMismatch {
  return new PatchMismatch(explainMismatch({ ...target, ...search, problem }));
}

/** A blank line at a chunk's end is often only the gap before the next section. */
function withoutBlankEnd(lines: readonly PatchLine[]): readonly PatchLine[] | undefined {
  const last = lines.findLastIndex(({ kind }) => kind !== 'insert');
  const line = lines[last];
  return line === undefined || line.text !== '' ? undefined : lines.toSpliced(last, 1);
}

function replacement(original: readonly string[], { start, lines }: Place, lineEnd: string): readonly string[] {
  let at = start;
  return lines.flatMap(({ kind, text }) => {
    if (kind === 'insert') return [`${text}${lineEnd}`];
    at += 1;
    return kind === 'context' ? [original[at - 1] ?? text] : [];
  });
}

function inOrder(places: readonly Place[]): readonly Place[] {
  return places.toSorted((a, b) => a.start - b.start);
}

function exact(lines: readonly string[], { needle, from, isAtEnd }: LineSearch): number | undefined {
  const last = lines.length - needle.length;
  for (let start = isAtEnd ? Math.max(from, last) : from; start <= last; start += 1) {
    if (needle.every((line, offset) => lines[start + offset] === line)) return start;
  }
  return undefined;
}

function oldLines(lines: readonly PatchLine[]): readonly string[] {
  return lines.filter(({ kind }) => kind !== 'insert').map(({ text }) => text);
}

function newLines(lines: readonly PatchLine[]): readonly string[] {
  return lines.filter(({ kind }) => kind !== 'remove').map(({ text }) => text);
}

function splitLines(text: string): readonly string[] {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function isMostlyCrlf(lines: readonly string[]): boolean {
  return lines.filter((line) => line.endsWith('\r')).length * 2 > lines.length;
}
