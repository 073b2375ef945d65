/** A scripted patch in the form of the API's own tool, as a model would have written it there. */

interface Operation {
  readonly type: string;
  readonly path: string;
  readonly diff?: string;
}

const TYPES: Readonly<Record<string, string>> = { Add: 'create_file', Update: 'update_file', Delete: 'delete_file' };
const HEADER = /^\*\*\* (Add|Update|Delete) File: (.+)$/;

/** One for each file; undefined for what the tool has no form for. */
export function operationsOf(patch: string): readonly Operation[] | undefined {
  const lines = patch.trim().split('\n').slice(1, -1);
  const starts = lines.flatMap((line, index) => (HEADER.test(line) ? [index] : []));
  if (starts[0] !== 0 || lines.some((line) => line.startsWith('*** Move to:'))) return undefined;
  return starts.map((start, index): Operation => {
    const [, kind = '', path = ''] = HEADER.exec(lines[start] ?? '') ?? [];
    const type = TYPES[kind] ?? '';
    return kind === 'Delete' ? { type, path } : { type, path, diff: lines.slice(start + 1, starts[index + 1]).join('\n') };
  });
}
