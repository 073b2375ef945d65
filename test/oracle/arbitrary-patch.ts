/** Patches as models write them, over files as people have them: most fit, many only nearly, some not at all. */
import fc from 'fast-check';

export type Files = Readonly<Record<string, string>>;

export interface PatchCase {
  readonly files: Files;
  readonly patch: string;
}

/** Few, so that lines recur and many a chunk has several places. */
const LINES = [
  'a',
  'b',
  '  a',
  'a  ',
  '\tb',
  '',
  '',
  '}',
  '  }',
  'say “hi”',
  'say "hi"',
  'x – y',
  'x - y',
  'one\u00a0two',
  'naïve 😀',
  '+ plus',
  '- minus',
  '@@ at',
  '*** stars',
];
const line = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...LINES) }, fc.stringMatching(/^[ -~]{0,6}$/));

export type LineEnds = 'lf' | 'crlf' | 'mixed';

function textOf(...seldom: readonly LineEnds[]): fc.Arbitrary<string> {
  return fc
    .record({
      lines: fc.array(line, { maxLength: 14 }),
      ends: fc.oneof({ weight: 6, arbitrary: fc.constant<LineEnds>('lf') }, fc.constantFrom(...seldom)),
      isEnded: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
    })
    .map(({ lines, ends, isEnded }) => {
      const joined = lines.map((each, index) => each + endOf(ends, index)).join('');
      return isEnded ? joined : joined.replace(/\r?\n$/, '');
    });
}

function endOf(ends: LineEnds, index: number): string {
  return ends === 'crlf' || (ends === 'mixed' && index % 2 === 0) ? '\r\n' : '\n';
}

/** How the model copies a line of the file. */
type Noise = 'none' | 'trailing' | 'leading' | 'ascii' | 'wrong';
type Anchor = 'none' | 'bare' | 'above' | 'last' | 'two' | 'absent' | 'unified';

const chunkShape = fc.record({
  // Seldom backwards, where no patch may go.
  skip: fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 0, max: 4 }) }, fc.integer({ min: -2, max: -1 })),
  before: fc.integer({ min: 0, max: 3 }),
  remove: fc.integer({ min: 0, max: 2 }),
  insert: fc.array(line, { maxLength: 2 }),
  after: fc.integer({ min: 0, max: 3 }),
  noise: fc.oneof(
    { weight: 16, arbitrary: fc.constant<Noise>('none') },
    fc.constantFrom<Noise>('trailing', 'leading', 'ascii', 'wrong'),
  ),
  anchor: fc.oneof(
    { weight: 24, arbitrary: fc.constantFrom<Anchor>('none', 'bare', 'above') },
    fc.constantFrom<Anchor>('last', 'two', 'absent', 'unified'),
  ),
  isPinned: fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, fc.constant(true)),
});
type ChunkShape = typeof chunkShape extends fc.Arbitrary<infer Shape> ? Shape : never;
const chunkShapes = fc.array(chunkShape, { minLength: 1, maxLength: 3 });

const DASHES: readonly (readonly [RegExp, string])[] = [
  [/[“”]/g, '"'],
  [/–/g, '-'],
  [/\u00a0/g, ' '],
];

const COPY: Record<Noise, (line: string) => string> = {
  none: (copied) => copied,
  trailing: (copied) => `${copied} `,
  leading: (copied) => ` ${copied}`,
  ascii: (copied) => DASHES.reduce((so, [from, to]) => so.replaceAll(from, to), copied),
  wrong: (copied) => `${copied}?`,
};

/** The lines of an update's chunks, without any header. */
function writeChunks(content: string, shapes: readonly ChunkShape[]): readonly string[] {
  const lines = content.split('\n').map((each) => each.replace(/\r$/, ''));
  if (lines.at(-1) === '') lines.pop();
  let cursor = 0;
  return shapes.flatMap((shape, index) => {
    const length = shape.before + shape.remove + shape.after;
    const wanted = shape.isPinned ? Math.max(cursor, lines.length - length) : cursor + shape.skip;
    const start = Math.min(Math.max(0, wanted), lines.length);
    const take = (from: number, count: number): readonly string[] => lines.slice(from, from + count).map(COPY[shape.noise]);
    const removeFrom = start + shape.before;
    const afterFrom = removeFrom + shape.remove;
    const anchors = writeAnchor(shape.anchor, lines.slice(cursor, start));
    cursor = Math.min(start + length, lines.length);
    const changed = [
      ...take(start, shape.before).map((each) => ` ${each}`),
      ...take(removeFrom, shape.remove).map((each) => `-${each}`),
      ...shape.insert.map((each) => `+${each}`),
      ...take(afterFrom, shape.after).map((each) => ` ${each}`),
    ];
    return [
      ...(index > 0 && anchors.length === 0 ? ['@@'] : anchors),
      ...(changed.length === 0 && shape.skip < 4 ? ['+more'] : changed),
      ...(shape.isPinned ? ['*** End of File'] : []),
    ];
  });
}

/** `skipped`: the lines that an anchor may name. */
function writeAnchor(anchor: Anchor, skipped: readonly string[]): readonly string[] {
  const [above] = skipped;
  switch (anchor) {
    case 'none':
      return [];
    case 'bare':
      return ['@@'];
    case 'above':
      return above === undefined ? [] : [`@@ ${above}`];
    case 'last':
      return [`@@ ${skipped.at(-1) ?? ''}`];
    case 'two':
      return [`@@ ${above ?? ''}`, `@@ ${skipped.at(-1) ?? ''}`];
    case 'absent':
      return ['@@ nowhere'];
    case 'unified':
      return ['@@ -1,3 +1,3 @@'];
  }
}

const EXISTING = ['a.txt', 'b.txt', 'sub/c.txt'] as const;
const ABSENT = ['new.txt', 'deep/er/new.txt', 'sub/new.txt'] as const;
/** Mostly what makes sense for the section. */
const existing = fc.oneof({ weight: 30, arbitrary: fc.constantFrom<string>(...EXISTING) }, fc.constantFrom<string>(...ABSENT));
const absent = fc.oneof({ weight: 10, arbitrary: fc.constantFrom<string>(...ABSENT) }, fc.constantFrom<string>(...EXISTING));

const section = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('add' as const), path: absent, lines: fc.array(line, { maxLength: 4 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), path: existing }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('update' as const), path: existing, chunks: chunkShapes }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), path: existing, to: absent, chunks: chunkShapes }) },
);
type Section = typeof section extends fc.Arbitrary<infer Shape> ? Shape : never;

function writeSection(files: Files, each: Section): readonly string[] {
  switch (each.kind) {
    case 'add':
      return [`*** Add File: ${each.path}`, ...each.lines.map((added) => `+${added}`)];
    case 'delete':
      return [`*** Delete File: ${each.path}`];
    case 'update':
      return [`*** Update File: ${each.path}`, ...writeChunks(files[each.path] ?? '', each.chunks)];
    case 'move': {
      const chunks = writeChunks(files[each.path] ?? '', each.chunks);
      return [`*** Update File: ${each.path}`, `*** Move to: ${each.to}`, ...chunks];
    }
  }
}

/** What models do around and between the lines. */
type Dressing = 'none' | 'heredoc' | 'crlf' | 'blank-lines' | 'indented-headers' | 'bare-blanks';
const dressing = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Dressing>('none') },
  fc.constantFrom<Dressing>('heredoc', 'crlf', 'blank-lines', 'indented-headers', 'bare-blanks'),
);

function dress(sections: readonly (readonly string[])[], how: Dressing): string {
  const plain = ['*** Begin Patch', ...sections.flat(), '*** End Patch'].join('\n');
  switch (how) {
    case 'none':
      return plain;
    case 'heredoc':
      return `<<'EOF'\n${plain}\nEOF\n`;
    case 'crlf':
      return plain.replaceAll('\n', '\r\n');
    case 'blank-lines':
      return ['', '*** Begin Patch', ...sections.flatMap((each) => [...each, '']), '*** End Patch', ''].join('\n');
    case 'indented-headers':
      return plain.replaceAll(/^\*\*\* (?=Begin|End Patch|Add|Delete|Update|Move)/gm, '  *** ');
    case 'bare-blanks':
      return plain.replaceAll(/^ $/gm, '');
  }
}

const text = textOf('crlf', 'mixed');
const files = fc.record({ 'a.txt': text, 'b.txt': text, 'sub/c.txt': text });

export const arbitraryPatch: fc.Arbitrary<PatchCase> = fc
  .record({ files, sections: fc.array(section, { minLength: 1, maxLength: 3 }), how: dressing })
  .map(({ files: all, sections, how }) => ({
    files: all,
    patch: dress(
      sections.map((each) => writeSection(all, each)),
      how,
    ),
  }));

export interface DiffCase {
  readonly before: string;
  readonly diff: string;
}

/** The same for one file, as the built-in tool has it: without an envelope. */
export const arbitraryDiff: fc.Arbitrary<DiffCase> = fc
  .record({ before: textOf('crlf'), chunks: chunkShapes })
  .map(({ before, chunks }) => ({ before, diff: writeChunks(before, chunks).join('\n') }));
