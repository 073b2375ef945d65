/** Where our planner deliberately does otherwise than the program: what, why, and a patch that shows it. */
import type { Files, PatchCase } from './arbitrary-patch.ts';
import type { Outcomes } from './run-patch.ts';

export interface Difference {
  readonly name: string;
  readonly reason: string;
  readonly example: PatchCase;
  /** What each makes of the example: the files, or a part of the words with which it refuses. */
  readonly ours: Files | string;
  readonly theirs: Files | string;
  /** Whether this is why the two differ over a patch. Examples of what is never generated need none. */
  explains?(patch: string, outcomes: Outcomes): boolean;
}

function patchOf(...lines: readonly string[]): string {
  return ['*** Begin Patch', ...lines, '*** End Patch'].join('\n');
}

/** They refuse with these words what we do. */
function refusal(words: RegExp): NonNullable<Difference['explains']> {
  return (_patch, { ours, theirs }) => ours.kind === 'done' && theirs.kind === 'refused' && words.test(theirs.problem);
}

export const CODEX_DIFFERENCES: readonly Difference[] = [
  {
    name: 'several anchors',
    reason: 'the API that the format is from narrows a place down by one "@@" after the other, and so do models',
    example: {
      files: { a: 'class A\ndef f\n  x\nclass B\ndef f\n  x\n' },
      patch: patchOf('*** Update File: a', '@@ class B', '@@ def f', '-  x', '+  y'),
    },
    ours: { a: 'class A\ndef f\n  x\nclass B\ndef f\n  y\n' },
    theirs: 'Unexpected line found',
    explains: refusal(/Unexpected line found in update hunk: '@@/),
  },
  {
    name: 'a header of a unified diff',
    reason: 'line numbers are no line of the file, and the lines below tell the place',
    example: { files: { a: 'x\n' }, patch: patchOf('*** Update File: a', '@@ -1,3 +1,3 @@ f()', '-x', '+y') },
    ours: { a: 'y\n' },
    theirs: 'Failed to find context',
    explains: refusal(/Failed to find context '-\d+,\d+ \+\d+,\d+ @@/),
  },
  {
    name: 'an "@@" without lines',
    reason: 'it asks for nothing, so nothing is lost by reading on',
    example: { files: { a: 'x\n' }, patch: patchOf('*** Update File: a', '-x', '+y', '@@') },
    ours: { a: 'y\n' },
    theirs: 'does not contain any lines',
    explains: refusal(/Update hunk does not contain any lines|Unexpected line found in update hunk: '(?:\*\*\* |')/),
  },
  {
    name: 'blank lines between files',
    reason: 'they can mean nothing else',
    example: { files: { b: 'x\n' }, patch: patchOf('*** Add File: a', '+x', '', '*** Delete File: b') },
    ours: { a: 'x\n' },
    theirs: 'is not a valid hunk header',
    explains: refusal(/'\s*' is not a valid hunk header/),
  },
  {
    name: 'an indented "*** Move to:"',
    reason: 'all other headers may be indented, and a patch that is indented as a whole means it',
    example: { files: { a: 'x\n' }, patch: patchOf('  *** Update File: a', '  *** Move to: b', '-x', '+y') },
    ours: { b: 'y\n' },
    theirs: 'Failed to find expected lines',
    explains: refusal(/Failed to find expected lines[^]*:\n\s+\*\*\* Move to:/),
  },
  {
    name: 'an indented header after the end of a file',
    reason: 'as before',
    example: {
      files: { a: 'x\n', b: 'x\n' },
      patch: patchOf('*** Update File: a', '+y', '*** End of File', ' *** Delete File: b'),
    },
    ours: { a: 'x\ny\n' },
    theirs: 'Expected update hunk to start with a @@',
    explains: refusal(/Expected update hunk to start with a @@ context marker, got: '\s+\*\*\* /),
  },
  {
    name: 'a move without changes',
    reason: 'the grammar that models are given allows it, and there is only one thing that it can mean',
    example: { files: { a: 'x' }, patch: patchOf('*** Update File: a', '*** Move to: b') },
    ours: { b: 'x' },
    theirs: 'is empty',
    explains: refusal(/Update file hunk for path .* is empty/),
  },
  {
    name: 'a move to where the file is',
    reason: 'the program deletes the file',
    example: { files: { a: 'x\n' }, patch: patchOf('*** Update File: a', '*** Move to: a', '-x', '+y') },
    ours: { a: 'y\n' },
    theirs: {},
    explains: (patch, { ours }) => ours.kind === 'done' && /Update File: (.*)\s+\*\*\* Move to: \1\s/.test(patch),
  },
  {
    name: 'a patch that is already applied',
    reason: 'a model that repeats itself learns that its files are as it wants them',
    example: { files: { a: 'y\n' }, patch: patchOf('*** Update File: a', '-x', '+y') },
    ours: 'already-applied',
    theirs: 'Failed to find expected lines',
    explains: (_patch, { ours, theirs }) => ours.kind === 'already-applied' && theirs.kind === 'refused',
  },
  {
    name: 'an update of blank lines alone',
    reason: 'a model that left the lines out learns so',
    example: { files: { a: '\n' }, patch: patchOf('*** Update File: a', '') },
    ours: 'has no lines to change',
    theirs: { a: '\n' },
    explains: (_patch, { ours }) => ours.kind === 'refused' && ours.problem.includes('has no lines to change'),
  },
  {
    name: 'half a patch',
    reason: 'all or nothing: a model can repair a patch against files that it knows',
    example: {
      files: { a: 'x\n' },
      patch: patchOf('*** Add File: b', '+b', '*** Update File: a', '-absent', '+y'),
    },
    ours: 'not found in the file',
    theirs: 'Failed to find expected lines',
  },
  {
    name: 'places outside of the workspace',
    reason: 'the program leaves it to what surrounds it to confine it',
    example: { files: { a: 'x\n' }, patch: patchOf('*** Update File: a', '*** Move to: ../a', '-x', '+y') },
    ours: 'leaves the workspace',
    theirs: {},
  },
  {
    name: '.git',
    reason: 'its hooks and settings are programs that run outside of every sandbox',
    example: { files: { a: 'x\n' }, patch: patchOf('*** Add File: .git/config', '+x') },
    ours: 'in .git',
    theirs: { a: 'x\n', '.git/config': 'x\n' },
  },
];
