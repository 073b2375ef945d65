/** Where a diff changes something: what a remark about it may point to. */

/** Inclusive. */
export interface LineRange {
  readonly first: number;
  readonly last: number;
}

/**
 * By path: the changed places with the lines around them that the diff shows, as lines of the new file, or of the old one where it is
 * deleted. Empty: the file as a whole, as of a renamed or binary one.
 */
export type ChangedLines = ReadonlyMap<string, readonly LineRange[]>;

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;
const NO_FILE = '/dev/null';

/** Of a diff of git's with the prefixes `a/` and `b/`; `names` are all changed paths, also those of which it shows no lines. */
export function readChangedLines(diff: string, names: readonly string[]): ChangedLines {
  const changed = new Map<string, LineRange[]>(names.map((name) => [name, []]));
  const lines = diff.split('\n');
  let paths = { old: NO_FILE, new: NO_FILE };
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    if (line.startsWith('--- ')) paths = { ...paths, old: pathOf(line.slice(4)) };
    else if (line.startsWith('+++ ')) paths = { ...paths, new: pathOf(line.slice(4)) };
    const hunk = HUNK.exec(line);
    if (hunk === null) continue;
    const [, oldFirst, oldCount, newFirst, newCount] = hunk;
    const before = { first: Number(oldFirst), count: Number(oldCount ?? 1) };
    const after = { first: Number(newFirst), count: Number(newCount ?? 1) };
    const isDeleted = paths.new === NO_FILE;
    const { first, count } = isDeleted ? before : after;
    const path = isDeleted ? paths.old : paths.new;
    changed.set(path, [...(changed.get(path) ?? []), { first, last: Math.max(first + count - 1, first) }]);
    // Its lines are stepped over: one of them may look like a header.
    index = endOfHunk(lines, { from: index + 1, old: before.count, new: after.count });
  }
  return changed;
}

/** The index of its last line. */
function endOfHunk(lines: readonly string[], left: { from: number; old: number; new: number }): number {
  let index = left.from;
  let [old, fresh] = [left.old, left.new];
  while (index < lines.length && (old > 0 || fresh > 0)) {
    const mark = lines[index]?.charAt(0);
    if (mark !== '+' && mark !== '\\') old -= 1;
    if (mark !== '-' && mark !== '\\') fresh -= 1;
    index += 1;
  }
  return index - 1;
}

/** Git quotes a path with unusual characters as C does, and ends one with blanks by a tab. */
function pathOf(written: string): string {
  const path = written.startsWith('"') ? unquote(written) : written.replace(/\t$/, '');
  return path === NO_FILE ? path : path.slice('a/'.length);
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  '"': '"',
  '\\': '\\',
};

function unquote(quoted: string): string {
  const inner = quoted.slice(1, quoted.lastIndexOf('"'));
  return inner.replaceAll(/\\([0-7]{3}|.)/g, (_, escape: string) => {
    return ESCAPES[escape] ?? String.fromCharCode(Number.parseInt(escape, 8));
  });
}
