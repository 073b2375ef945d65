/**
 * The API's own patch tool gives each file a call of its own: an operation with a diff, which is the body of a section of a patch. The
 * transcript has whole patches, as our tool takes them. Pure.
 */
import type { PatchChunk, PatchSection } from '../../tools/parse-patch.ts';
import { parsePatch, PatchSyntaxError, UNIFIED_HEADER } from '../../tools/parse-patch.ts';

/** The name that the API has for it, and we. */
export const PATCH_TOOL = 'apply_patch';

export type PatchOperation =
  | { readonly type: 'create_file' | 'update_file'; readonly path: string; readonly diff: string }
  | { readonly type: 'delete_file'; readonly path: string };

/** The patch that does the same. What is wrong with a diff stays wrong in it, for the tool to say. */
export function toPatch(operation: PatchOperation): string {
  const path = operation.path.replaceAll(/[\r\n]/g, ' ');
  switch (operation.type) {
    case 'create_file':
      return wrap(`*** Add File: ${path}`, linesOf(operation.diff));
    case 'update_file':
      return wrap(`*** Update File: ${path}`, withPlacedInsertions(linesOf(operation.diff)));
    case 'delete_file':
      return wrap(`*** Delete File: ${path}`, []);
  }
}

/** The operations that do the same, in order; undefined where none can: a file that moves, or a patch that makes no sense. */
export function toOperations(patch: string): readonly PatchOperation[] | undefined {
  try {
    const sections = parsePatch(patch);
    return sections.some(isMove) ? undefined : sections.map(toOperation);
  } catch (error) {
    if (error instanceof PatchSyntaxError) return undefined;
    throw error;
  }
}

function isMove(section: PatchSection): boolean {
  return section.kind === 'update' && section.moveTo !== undefined;
}

function toOperation(section: PatchSection): PatchOperation {
  const { path } = section;
  switch (section.kind) {
    case 'add':
      return { type: 'create_file', path, diff: section.text.replaceAll(/^(?=.|\n)/gm, '+') };
    case 'delete':
      return { type: 'delete_file', path };
    case 'update':
      return { type: 'update_file', path, diff: section.chunks.flatMap(writeChunk).join('\n') };
  }
}

const PREFIXES = { context: ' ', remove: '-', insert: '+' } as const;

function writeChunk({ anchors, lines, isAtEnd }: PatchChunk): readonly string[] {
  return [
    ...(anchors.length === 0 ? ['@@'] : anchors.map((anchor) => `@@ ${anchor}`)),
    ...lines.map(({ kind, text }) => PREFIXES[kind] + text),
    ...(isAtEnd ? ['*** End of File'] : []),
  ];
}

function wrap(header: string, lines: readonly string[]): string {
  return ['*** Begin Patch', header, ...lines, '*** End Patch'].join('\n');
}

function linesOf(diff: string): readonly string[] {
  const lines = diff.split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

/**
 * Lines that are only inserted stand below their anchor, or behind the chunk before them; in a patch they would go to the end of the
 * file. So the anchor becomes a line of context, and the chunk a part of the one before.
 */
function withPlacedInsertions(lines: readonly string[]): readonly string[] {
  const chunks = splitChunks(lines);
  return chunks.flatMap(({ anchors, body }, index) => {
    if (body.length === 0 || !body.every((line) => line.startsWith('+'))) return [...anchors, ...body];
    const last = anchors.findLastIndex((line) => line.trim() !== '@@' && !UNIFIED_HEADER.test(line));
    const anchor = anchors[last]?.slice('@@ '.length);
    if (anchor !== undefined) return ['@@', ...anchors.slice(0, last), ` ${anchor}`, ...body];
    return index === 0 || chunks[index - 1]?.body.at(-1) === '*** End of File' ? [...anchors, ...body] : body;
  });
}

interface DiffChunk {
  readonly anchors: readonly string[];
  readonly body: readonly string[];
}

function splitChunks(lines: readonly string[]): readonly DiffChunk[] {
  const chunks: { anchors: string[]; body: string[] }[] = [];
  for (const line of lines) {
    const isAnchor = line.trimEnd() === '@@' || line.startsWith('@@ ');
    const current = chunks.at(-1);
    if (current === undefined || (isAnchor && current.body.length > 0) || current.body.at(-1) === '*** End of File')
      chunks.push(isAnchor ? { anchors: [line], body: [] } : { anchors: [], body: [line] });
    else if (isAnchor) current.anchors.push(line);
    else current.body.push(line);
  }
  return chunks;
}
