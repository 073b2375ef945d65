/** The V4A patch format, read as tolerantly as models write it. Pure: what a patch says, not whether it applies. */

export interface PatchLine {
  readonly kind: 'context' | 'remove' | 'insert';
  readonly text: string;
}

export interface PatchChunk {
  /** Lines to find first, one after the other. */
  readonly anchors: readonly string[];
  readonly lines: readonly PatchLine[];
  readonly isAtEnd: boolean;
}

export type PatchSection =
  | { readonly kind: 'add'; readonly path: string; readonly text: string }
  | { readonly kind: 'delete'; readonly path: string }
  | { readonly kind: 'update'; readonly path: string; readonly moveTo?: string; readonly chunks: readonly PatchChunk[] };

/** What is wrong with the patch, for the model. */
export class PatchSyntaxError extends Error {
  constructor(problem: string, line?: number) {
    super(`The patch is not valid${line === undefined ? '' : ` at its line ${line}`}: ${problem}`);
    this.name = 'PatchSyntaxError';
  }
}

const BEGIN = '*** Begin Patch';
const END = '*** End Patch';
const ADD = '*** Add File:';
const DELETE = '*** Delete File:';
const UPDATE = '*** Update File:';
const MOVE = '*** Move to:';
const END_OF_FILE = '*** End of File';

/** Where the parser is. */
interface Cursor {
  readonly lines: readonly string[];
  at: number;
}

/** @throws PatchSyntaxError */
export function parsePatch(input: string): readonly PatchSection[] {
  const lines = withoutHeredoc(input.trim().split('\n'));
  if (lines[0]?.trim() !== BEGIN) throw new PatchSyntaxError(`its first line must be "${BEGIN}"`, 1);
  if (lines.at(-1)?.trim() !== END) throw new PatchSyntaxError(`its last line must be "${END}"`, lines.length);
  const cursor: Cursor = { lines: lines.slice(0, -1), at: 1 };
  const sections: PatchSection[] = [];
  while (cursor.at < cursor.lines.length) {
    const line = marker(cursor);
    if (line === '') cursor.at += 1;
    else sections.push(readSection(cursor, line));
  }
  if (sections.length === 0) throw new PatchSyntaxError('it changes no file');
  return sections;
}

/** Models wrap a patch as they would in a shell: `apply_patch <<'EOF'` … `EOF`. */
function withoutHeredoc(lines: readonly string[]): readonly string[] {
  const word = /^(?:apply_patch\s+)?<<-?\s*(['"]?)(\w+)\1$/.exec(lines[0]?.trim() ?? '')?.[2];
  return word !== undefined && lines.at(-1)?.trim() === word ? lines.slice(1, -1) : lines;
}

function readSection(cursor: Cursor, line: string): PatchSection {
  const at = cursor.at;
  cursor.at += 1;
  if (line.startsWith(ADD)) return { kind: 'add', path: pathOf(line, ADD, at), text: readAdded(cursor) };
  if (line.startsWith(DELETE)) return { kind: 'delete', path: pathOf(line, DELETE, at) };
  if (line.startsWith(UPDATE)) return readUpdate(cursor, pathOf(line, UPDATE, at), at);
  const known = [ADD, DELETE, UPDATE].map((header) => `"${header} PATH"`).join(', ');
  throw new PatchSyntaxError(`"${line}" is no header of a file; the headers are ${known}`, at + 1);
}

function pathOf(line: string, header: string, at: number): string {
  const path = line.slice(header.length).trim();
  if (path === '') throw new PatchSyntaxError(`the path after "${header}" is missing`, at + 1);
  return path;
}

function readAdded(cursor: Cursor): string {
  const added: string[] = [];
  for (; cursor.at < cursor.lines.length; cursor.at += 1) {
    const line = withoutReturn(cursor.lines[cursor.at] ?? '');
    if (!line.startsWith('+')) break;
    added.push(`${line.slice(1)}\n`);
  }
  return added.join('');
}

function readUpdate(cursor: Cursor, path: string, at: number): PatchSection {
  const next = marker(cursor);
  const moveTo = next.startsWith(MOVE) ? pathOf(next, MOVE, cursor.at) : undefined;
  if (moveTo !== undefined) cursor.at += 1;
  const chunks: PatchChunk[] = [];
  while (!isSectionOver(cursor)) {
    const chunk = readChunk(cursor);
    if (chunk !== undefined) chunks.push(chunk);
  }
  if (chunks.length === 0 && moveTo === undefined)
    throw new PatchSyntaxError(`the update of "${path}" has no lines to change`, at + 1);
  return { kind: 'update', path, ...(moveTo === undefined ? {} : { moveTo }), chunks };
}

/** @returns undefined for what says nothing: blank lines before the next file's header, a mark of the file's end alone */
function readChunk(cursor: Cursor): PatchChunk | undefined {
  const start = cursor.at;
  const anchors = readAnchors(cursor);
  const lines = readChangedLines(cursor);
  const isAtEnd = marker(cursor) === END_OF_FILE;
  if (isAtEnd) cursor.at += 1;
  if (anchors.length === 0 && cursor.at > start && (lines.length === 0 || (isBlank(lines) && isSectionOver(cursor))))
    return undefined;
  if (lines.length > 0) return { anchors, lines, isAtEnd };
  throw new PatchSyntaxError('lines to change are missing after the "@@"', start + 1);
}

function isBlank(lines: readonly PatchLine[]): boolean {
  return lines.every(({ kind, text }) => kind === 'context' && text === '');
}

function isSectionOver(cursor: Cursor): boolean {
  return cursor.at >= cursor.lines.length || isHeader(marker(cursor));
}

/** Models that think of another format give line numbers, which say nothing here. */
export const UNIFIED_HEADER = /^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@/;

function readAnchors(cursor: Cursor): readonly string[] {
  const anchors: string[] = [];
  for (; cursor.at < cursor.lines.length; cursor.at += 1) {
    const line = (cursor.lines[cursor.at] ?? '').trimEnd();
    if (line !== '@@' && !line.startsWith('@@ ')) break;
    if (line !== '@@' && !UNIFIED_HEADER.test(line)) anchors.push(line.slice('@@ '.length));
  }
  return anchors;
}

const KINDS = new Map<string, PatchLine['kind']>([
  [' ', 'context'],
  ['-', 'remove'],
  ['+', 'insert'],
]);

function readChangedLines(cursor: Cursor): readonly PatchLine[] {
  const changed: PatchLine[] = [];
  for (; cursor.at < cursor.lines.length; cursor.at += 1) {
    const line = withoutReturn(cursor.lines[cursor.at] ?? '');
    if (line.startsWith('*** ') || line === '@@' || line.startsWith('@@ ')) break;
    // Models drop the one blank that stands for an empty context line.
    const kind = line === '' ? 'context' : KINDS.get(line.charAt(0));
    if (kind === undefined) throw new PatchSyntaxError(`"${line}" must start with " ", "-" or "+"`, cursor.at + 1);
    changed.push({ kind, text: line.slice(1) });
  }
  return changed;
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function marker({ lines, at }: Cursor): string {
  return (lines[at] ?? '').trim();
}

function isHeader(line: string): boolean {
  return [ADD, DELETE, UPDATE].some((header) => line.startsWith(header));
}
