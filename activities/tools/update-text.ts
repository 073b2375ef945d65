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
  /** Index of the line from which the next chunk is looked for. */
  readonly next: number;
}

/** Neighbouring lines that change. */
interface Edit {
  readonly start: number;
  readonly removes: number;
  readonly inserts: readonly string[];
}

interface Target {
  readonly path: string;
  /** Without line ends. */
  readonly lines: readonly string[];
}

/** @throws PatchMismatch with the lines that were not found and the nearest place */
export function updateText(path: string, text: string, chunks: readonly PatchChunk[]): string {
  if (chunks.length === 0) return text;
  const original = splitLines(text);
  const target: Target = { path, lines: original.map(withoutReturn) };
  const lineEnd = /^[^\n]*\r\n/.test(text) ? '\r\n' : '\n';
  let cursor = 0;
  const edits: Edit[] = [];
  for (const chunk of chunks) {
    const place = locate(target, chunk, cursor);
    cursor = place.next;
    edits.push(...editsOf(place));
  }
  const unended = text.endsWith('\n') ? -1 : original.length - 1;
  const result = original.map((line, index) => line + (index === unended ? lineEnd : '\n'));
  // From the end, so that earlier indices stay right; what is inserted at one place keeps its order.
  for (const { start, removes, inserts } of edits.toSorted((one, other) => one.start - other.start).toReversed())
    result.splice(start, removes, ...inserts.map((line) => line + lineEnd));
  return result.join('');
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
  if (needle.length === 0) return { start: target.lines.length, lines: chunk.lines, next: from };
  const start = findLines(target.lines, { needle, from, isAtEnd: chunk.isAtEnd });
  if (start !== undefined) return { start, lines: chunk.lines, next: start + needle.length };
  const shorter = withoutBlankEnd(chunk.lines);
  const rest = shorter === undefined ? [] : oldLines(shorter);
  const second = findLines(target.lines, { needle: rest, from, isAtEnd: chunk.isAtEnd && rest.length > 0 });
  if (shorter !== undefined && second !== undefined) return { start: second, lines: shorter, next: second + rest.length };
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

/**
 * A blank line at the end of the old lines is often only the gap before the next section, or the file's last line end taken for a line.
 * Then the new lines lose a blank end, too; a blank line before insertions stays and is inserted with them.
 */
function withoutBlankEnd(lines: readonly PatchLine[]): readonly PatchLine[] | undefined {
  const last = lines.findLastIndex(({ kind }) => kind !== 'insert');
  const line = lines[last];
  if (line === undefined || line.text !== '') return undefined;
  const shorter = lines.toSpliced(last, 1, ...(line.kind === 'context' ? [{ kind: 'insert', text: '' } as const] : []));
  const end = shorter.findLastIndex(({ kind }) => kind !== 'remove');
  const ending = shorter[end];
  if (ending === undefined || ending.text !== '') return shorter;
  return shorter.toSpliced(end, 1, ...(ending.kind === 'context' ? [{ kind: 'remove', text: '' } as const] : []));
}

function editsOf({ start, lines }: Place): readonly Edit[] {
  const edits: Edit[] = [];
  let at = start;
  let open: { start: number; removes: number; inserts: string[] } | undefined;
  for (const { kind, text } of lines) {
    if (kind === 'context') open = undefined;
    else if (open === undefined) edits.push((open = { start: at, removes: 0, inserts: [] }));
    if (kind === 'insert') open?.inserts.push(text);
    else at += 1;
    if (kind === 'remove' && open !== undefined) open.removes += 1;
  }
  return edits;
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
