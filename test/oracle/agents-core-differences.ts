/** Where a diff of the built-in tool deliberately has another effect than `applyDiff` of OpenAI's agents SDK gives it. */
import type { DiffCase } from './arbitrary-patch.ts';

export type DiffOutcome =
  | { readonly kind: 'done'; readonly text: string }
  | { readonly kind: 'refused'; readonly problem: string };

export interface DiffOutcomes {
  readonly ours: DiffOutcome;
  readonly theirs: DiffOutcome;
}

export interface DiffDifference {
  readonly name: string;
  readonly reason: string;
  readonly example: DiffCase;
  /** What each makes of the example. */
  readonly ours: DiffOutcome;
  readonly theirs: DiffOutcome;
  /** Whether this is why the two differ. Examples of what is never generated need none. */
  explains?(diffCase: DiffCase, outcomes: DiffOutcomes): boolean;
}

function done(text: string): DiffOutcome {
  return { kind: 'done', text };
}

function refused(problem: string): DiffOutcome {
  return { kind: 'refused', problem };
}

type Explains = NonNullable<DiffDifference['explains']>;

/** Both did something, and the texts are the same but for what `normalize` takes away. */
function sameBut(normalize: (text: string) => string): Explains {
  return (_case, { ours, theirs }) =>
    ours.kind === 'done' && theirs.kind === 'done' && normalize(ours.text) === normalize(theirs.text);
}

function weRefuse(words: RegExp): Explains {
  return (_case, { ours, theirs }) => ours.kind === 'refused' && theirs.kind === 'done' && words.test(ours.problem);
}

function theyRefuse(words: RegExp): Explains {
  return (_case, { ours, theirs }) => ours.kind === 'done' && theirs.kind === 'refused' && words.test(theirs.problem);
}

const withoutEnd = (text: string): string => text.replace(/[\r\n]+$/, '');
const INSERTS_FIRST = /^(?:@@ *(?:-1,3 \+1,3 @@)?\n)*\+/;

export const AGENTS_CORE_DIFFERENCES: readonly DiffDifference[] = [
  {
    name: 'the last line end',
    reason: 'a changed file ends with one, as with patches, and as tools for text want it',
    example: { before: 'a\nb', diff: '-a\n+c' },
    ours: done('c\nb\n'),
    theirs: done('c\nb'),
    explains: sameBut(withoutEnd),
  },
  {
    name: 'mixed line ends',
    reason: 'the first line decides, as with patches',
    example: { before: 'a\r\nb\n', diff: ' a\n+x' },
    ours: done('a\r\nx\r\nb\n'),
    theirs: done('a\r\nx\nb\n'),
  },
  {
    name: 'insertions without any place',
    reason: 'they go to the end of the file, as with patches, not to its beginning',
    example: { before: 'a\n', diff: '+x' },
    ours: done('a\nx\n'),
    theirs: done('x\na\n'),
    explains: ({ diff }, { ours, theirs }) => INSERTS_FIRST.test(diff) && ours.kind === 'done' && theirs.kind === 'done',
  },
  {
    name: 'an anchor that is not there',
    reason: 'a change at a wrong place costs more than a second try',
    example: { before: 'a\n', diff: '@@ nowhere\n-a\n+b' },
    ours: refused('the anchor "@@ nowhere" was not found'),
    theirs: done('b\n'),
    explains: weRefuse(/the anchor .* was not found|not found after line \d+:\nnowhere\n|not found in the file:\nnowhere\n/),
  },
  {
    name: 'an anchor before the place',
    reason: 'a patch goes forward: what was named already does not count again',
    example: { before: 'f\na\nb\nf\nb\n', diff: '@@ f\n-a\n@@ f\n-b' },
    ours: done('f\nb\nf\n'),
    theirs: done('f\nf\nb\n'),
    explains: ({ diff }, { ours, theirs }) =>
      /^@@ ./m.test(diff) && theirs.kind === 'done' && !/nowhere/.test(JSON.stringify(ours)),
  },
  {
    name: 'the end of the file',
    reason: 'what is said to stand there is not looked for elsewhere',
    example: { before: 'a\nb\n', diff: '-a\n+c\n*** End of File' },
    ours: refused('not found at the end of the file'),
    theirs: done('c\nb\n'),
    explains: weRefuse(/not found at the end of the file/),
  },
  {
    name: 'the end of a file as all there is of a chunk',
    reason: 'it says nothing',
    example: { before: '', diff: '@@\n*** End of File\n@@\n+x' },
    ours: done('x\n'),
    theirs: done('\nx'),
    explains: ({ diff }) => /(?:^|^@@.*\n)\*\*\* End of File$/m.test(diff),
  },
  {
    name: 'typography',
    reason: 'models copy dashes, quotes and blanks as ASCII',
    example: { before: 'say “hi”\n', diff: '-say "hi"\n+bye' },
    ours: done('bye\n'),
    theirs: refused('Invalid Context'),
    explains: ({ before }, outcomes) =>
      /[“”–\u00a0]/.test(before) && theyRefuse(/^Invalid (?:EOF )?Context/)({ before, diff: '' }, outcomes),
  },
  {
    name: 'a blank line at the end of a chunk',
    reason: 'it may be the gap before the next one, as with patches',
    example: { before: 'a\nb\n', diff: '-a\n+c\n \n@@\n-b' },
    ours: done('c\n'),
    theirs: refused('Invalid Context'),
    explains: ({ diff }, outcomes) =>
      /^[ -]?$/m.test(diff) && theyRefuse(/^Invalid (?:EOF )?Context/)({ before: '', diff }, outcomes),
  },
  {
    name: 'blanks behind the last line end',
    reason: 'there is no line, so they are none of the file, as with patches',
    example: { before: 'a\n', diff: ' a\n  \n+b' },
    ours: refused('not found in the file'),
    theirs: done('a\n\nb'),
    explains: ({ diff }, outcomes) => /^[ -]\s+$/m.test(diff) && weRefuse(/lines were not found/)({ before: '', diff }, outcomes),
  },
  {
    name: 'an "@@" without lines',
    reason: 'it asks for nothing, so nothing is lost by reading on',
    example: { before: 'a\n', diff: '-a\n+b\n@@' },
    ours: done('b\n'),
    theirs: refused('Nothing in this section'),
    explains: theyRefuse(/Nothing in this section/),
  },
  {
    name: 'a header of a unified diff beside an anchor',
    reason: 'line numbers are no line of the file',
    example: { before: 'a\n', diff: '@@ -1,3 +1,3 @@\n@@ a\n+b' },
    ours: done('a\nb\n'),
    theirs: refused('Invalid Anchor'),
    explains: theyRefuse(/^Invalid Anchor \d+:\n-\d+,\d+ \+\d+,\d+ @@/),
  },
  {
    name: 'a diff that changes nothing',
    reason: 'a model that left the lines out learns so',
    example: { before: '\n', diff: ' ' },
    ours: refused('has no lines to change'),
    theirs: done('\n'),
    explains: weRefuse(/has no lines to change/),
  },
];
