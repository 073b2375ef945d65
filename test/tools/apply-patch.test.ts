import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { applyPatch, readFiles, runTool, scratchFolder, writeFiles } from './tool-scene.ts';

test('adds, updates, moves and deletes in one patch', async () => {
  const root = scratchFolder();
  writeFiles(root, {
    'a.txt': 'one\ntwo\nthree\n',
    'old.txt': 'x\n',
    'src/app.py': 'def greet():\n    print("Hi")\n    return 0\n',
  });

  const result = await applyPatch(
    root,
    '*** Add File: docs/new.md',
    '+# Title',
    '*** Update File: a.txt',
    ' one',
    '-two',
    '+2',
    '@@',
    '-three',
    '+3',
    '*** End of File',
    '*** Update File: src/app.py',
    '*** Move to: src/main.py',
    '@@ def greet():',
    '-    print("Hi")',
    '+    print("Hello")',
    '*** Delete File: old.txt',
  );

  expect(result).toEqual({ outcome: 'ok', output: expect.stringContaining('Success. Updated the following files:') });
  expect(readFiles(root)).toEqual({
    'a.txt': 'one\n2\n3\n',
    'docs/new.md': '# Title\n',
    'src/main.py': 'def greet():\n    print("Hello")\n    return 0\n',
  });
});

test.each([
  ['trailing blanks', 'two  \n', 'two'],
  ['indentation', '    two\n', 'two'],
  ['typographic quotes', 'say \u201ctwo\u201d \u2014 now\n', 'say "two" - now'],
])('finds lines in spite of %s', async (_name, text, wanted) => {
  const root = scratchFolder();
  writeFiles(root, { 'a.txt': text });

  await applyPatch(root, '*** Update File: a.txt', '@@', `-${wanted}`, '+2');

  expect(readFiles(root)).toEqual({ 'a.txt': '2\n' });
});

test('moves a file as it is', async () => {
  const root = scratchFolder();
  writeFiles(root, { 'a.txt': 'one\ntwo' });

  const result = await applyPatch(root, '*** Update File: a.txt', '*** Move to: sub/b.txt');

  expect(result.outcome).toBe('ok');
  expect(readFiles(root)).toEqual({ 'sub/b.txt': 'one\ntwo' });
});

test('puts insertions at one place in the order of the patch', async () => {
  const root = scratchFolder();
  writeFiles(root, { 'a.txt': 'one\n' });

  await applyPatch(root, '*** Update File: a.txt', '@@', '+two', '@@', ' one', '+three');

  expect(readFiles(root)).toEqual({ 'a.txt': 'one\ntwo\nthree\n' });
});

test.each([
  ['that the file does not have stays before an insertion', [' one', ' ', '+two'], 'one\n\ntwo\n'],
  ['at the end of a chunk is a gap', ['@@ one', '+two', ''], 'one\ntwo\n'],
])('a blank line %s', async (_name, chunk, after) => {
  const root = scratchFolder();
  writeFiles(root, { 'a.txt': 'one\n' });

  await applyPatch(root, '*** Update File: a.txt', ...chunk);

  expect(readFiles(root)).toEqual({ 'a.txt': after });
});

test('ends lines as the first line of the file is ended', async () => {
  const root = scratchFolder();
  writeFiles(root, { 'a.txt': 'one\r\ntwo\nthree', 'b.txt': 'one\ntwo\r\nthree' });

  await applyPatch(root, '*** Update File: a.txt', ' one', '+1', '*** Update File: b.txt', ' two', '+2');

  expect(readFiles(root)).toEqual({ 'a.txt': 'one\r\n1\r\ntwo\nthree\r\n', 'b.txt': 'one\ntwo\r\n2\nthree\n' });
});

test('keeps line ends and mode bits', async () => {
  const root = scratchFolder();
  writeFiles(root, { 'run.sh': 'one\r\ntwo\r\nthree\r\n' });
  chmodSync(join(root, 'run.sh'), 0o751);

  await applyPatch(root, '*** Update File: run.sh', ' one', '-two', '+2', ' three', '');

  expect(readFiles(root)).toEqual({ 'run.sh': 'one\r\n2\r\nthree\r\n' });
  expect(statSync(join(root, 'run.sh')).mode & 0o777).toBe(0o751);
});

test('appends insertions without context at the end, also below an anchor', async () => {
  const root = scratchFolder();
  writeFiles(root, { 'a.txt': 'one\ntwo' });

  await applyPatch(root, '*** Update File: a.txt', '@@ one', '+three');

  expect(readFiles(root)).toEqual({ 'a.txt': 'one\ntwo\nthree\n' });
});

test('tells that a patch is already applied', async () => {
  const root = scratchFolder();
  writeFiles(root, { 'a.txt': 'one\ntwo\n' });
  const patch = ['*** Add File: b.txt', '+b', '*** Update File: a.txt', '*** Move to: c.txt', ' one', '-two', '+2'];
  await applyPatch(root, ...patch);

  const again = await applyPatch(root, ...patch);

  expect(again).toEqual({ outcome: 'ok', output: expect.stringContaining('already applied') });
  expect(readFiles(root)).toEqual({ 'b.txt': 'b\n', 'c.txt': 'one\n2\n' });
});

test.each([
  ['stand above the anchor', ['@@ g:', '  a', '+ b'], { before: 'f:\n a\n b\ng:\n a\n', after: 'f:\n a\n b\ng:\n a\n b\n' }],
  ['are wanted twice', [' }', '+}'], { before: '}\n}\n', after: '}\n}\n}\n' }],
])('applies what fits although its lines %s', async (_name, chunk, { before, after }) => {
  const root = scratchFolder();
  writeFiles(root, { 'a.txt': before });

  await applyPatch(root, '*** Update File: a.txt', ...chunk);

  expect(readFiles(root)).toEqual({ 'a.txt': after });
});

test('does not take lines elsewhere for an applied patch', async () => {
  const root = scratchFolder();
  writeFiles(root, { 'a.txt': 'f:\n b\ng:\n c\n' });

  const result = await applyPatch(root, '*** Update File: a.txt', '@@ g:', '- a', '+ b');

  expect(result).toEqual({ outcome: 'failed', output: expect.stringContaining('not found after line 3') });
});

test('says which lines it misses and where the nearest are, and changes nothing', async () => {
  const root = scratchFolder();
  writeFiles(root, { 'a.txt': 'zero\none\ntwo\nthree\n' });

  const result = await applyPatch(root, '*** Add File: b.txt', '+b', '*** Update File: a.txt', ' one', '-twoo', '+2', ' three');

  expect(result.outcome).toBe('failed');
  expect(result.output).toMatch(
    /"a\.txt": these lines were not found in the file:\none\ntwoo\nthree\nThe nearest place is line 2 \(\d\d % alike\), where this stands:\n2: one\n3: two\n4: three\nLine 3 is "two", not "twoo"\./,
  );
  expect(readFiles(root)).toEqual({ 'a.txt': 'zero\none\ntwo\nthree\n' });
});

test.each([
  ['..', '../outside.txt', 'leaves the workspace'],
  ['an absolute path', '/tmp/anyport-outside.txt', 'absolute path'],
  ['a link to a folder', 'link/outside.txt', 'through a symbolic link'],
  ['a dangling link', 'dangling', 'symbolic link that leads nowhere'],
  ['.git', '.git/hooks/pre-commit', 'in .git'],
  ['a nested .git', 'sub/.GIT/config', 'in .git'],
  ['a file as a folder', 'file.txt/x', 'part of its path is a file'],
  ['a folder', 'folder', 'directory'],
])('refuses to write through %s', async (_name, path, reason) => {
  const outside = scratchFolder();
  const root = join(outside, 'tree');
  writeFiles(root, { 'file.txt': 'x\n', 'folder/y': 'y\n' });
  mkdirSync(join(outside, 'elsewhere'));
  symlinkSync('../elsewhere', join(root, 'link'));
  symlinkSync('../elsewhere/none', join(root, 'dangling'));
  const before = readFiles(outside);

  const result = await applyPatch(root, '*** Add File: new.txt', '+x', `*** Add File: ${path}`, '+x');

  expect(result).toEqual({ outcome: 'refused', output: expect.stringContaining(reason) });
  expect(readFiles(outside)).toEqual(before);
});

test.each([
  ['binary', (path: string) => writeFileSync(path, Buffer.from([1, 0, 2])), 'binary'],
  ['not UTF-8', (path: string) => writeFileSync(path, Buffer.from([0xff, 0x41])), 'not UTF-8'],
  ['a pipe', (path: string) => execFileSync('mkfifo', [path]), 'no regular file'],
])('refuses a file that is %s', async (_name, create, reason) => {
  const root = scratchFolder();
  create(join(root, 'a'));

  const result = await applyPatch(root, '*** Update File: a', '-x', '+y');

  expect(result).toEqual({ outcome: 'refused', output: expect.stringContaining(reason) });
});

test.each([
  ['no envelope', 'hello', 'first line'],
  ['no end', '*** Begin Patch\n*** Delete File: x', 'last line'],
  ['nothing', '*** Begin Patch\n*** End Patch', 'changes no file'],
  ['an unknown header', '*** Begin Patch\n*** Rename File: x\n*** End Patch', 'no header'],
  ['an empty update', '*** Begin Patch\n*** Update File: x\n*** End of File\n*** End Patch', 'no lines to change'],
  ['a bad line', '*** Begin Patch\n*** Update File: x\nbad\n*** End Patch', 'at its line 3'],
])('explains a patch with %s', async (_name, text, reason) => {
  const result = await runTool(scratchFolder(), 'apply_patch', { kind: 'text', text });

  expect(result).toEqual({ outcome: 'refused', output: expect.stringContaining(reason) });
});

test('takes a patch in a heredoc and as an argument', async () => {
  const root = scratchFolder();
  const patch = (name: string): string => `*** Begin Patch\n*** Add File: ${name}\n+x\n*** End Patch`;

  await runTool(root, 'apply_patch', { kind: 'text', text: `apply_patch <<'EOF'\n${patch('a')}\nEOF\n` });
  await runTool(root, 'apply_patch', { input: patch('b') });

  expect(readFiles(root)).toEqual({ a: 'x\n', b: 'x\n' });
});
