import { execFileSync } from 'node:child_process';
import { renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CommandSessions } from '../../activities/tools/command-sessions.ts';
import { readConfined } from '../../activities/tools/read-confined.ts';
import { createBuiltInTools, createToolRegistry } from '../../activities/tools/tool-registry.ts';
import { runTool, scratchFolder, writeFiles } from './tool-scene.ts';

function aRepository(): string {
  const root = scratchFolder();
  execFileSync('git', ['init', '--quiet', root]);
  writeFiles(root, {
    'src/a.ts': 'const one = 1;\nconst two = 22;\n',
    'b.md': 'One\n',
    '.gitignore': 'out/\n',
    'out/c.ts': 'const one = 1;\n',
  });
  return root;
}

test('the registry knows its tools and leaves out names that it does not know', () => {
  const registry = createToolRegistry(createBuiltInTools({ sessions: new CommandSessions() }));

  expect(registry.names).toEqual([
    ...['apply_patch', 'exec_command', 'write_stdin', 'shell', 'read_file', 'list_files', 'search_files'],
    ...['update_plan', 'view_image'],
  ]);
  expect(registry.find('rm')).toBeUndefined();
  expect(registry.definitions(['read_file', 'rm']).map(({ name }) => name)).toEqual(['read_file']);
});

test('reads a part of a file', async () => {
  const result = await runTool(aRepository(), 'read_file', { path: 'src/a.ts', offset: 2, limit: 5 });

  expect(result).toEqual({ outcome: 'ok', output: 'src/a.ts: lines 2 to 2 of 2\nconst two = 22;' });
});

test.each([
  ['broken JSON', { kind: 'json', text: '{"path": ' } as const, 'not valid JSON'],
  ['a missing argument', {}, 'path'],
  ['an unknown argument', { path: 'b.md', encoding: 'utf8' }, 'encoding'],
  ['an array', { kind: 'json', text: '[]' } as const, 'Its fields are: path, offset, limit'],
  ['a path outside', { path: '../x' }, 'leaves the workspace'],
])('explains a call with %s', async (_name, input, reason) => {
  const result = await runTool(aRepository(), 'read_file', input);

  expect(result).toEqual({ outcome: 'refused', output: expect.stringContaining(reason) });
});

test('takes null for an argument that is left out', async () => {
  const result = await runTool(aRepository(), 'read_file', { path: 'b.md', offset: null });

  expect(result).toMatchObject({ outcome: 'ok' });
});

/** Only root may make a device. */
const DEVICE: readonly [string, string, string][] =
  process.getuid?.() === 0 ? [['a device', 'mknod x c 1 5', 'no regular file']] : [];

test.each([
  ...DEVICE,
  ['a pipe', 'mkfifo x', 'no regular file'],
  ['a folder', 'mkdir x', 'a directory'],
  ['a file of a terabyte', 'truncate -s 1T x', 'the limit is'],
  ['a binary file', 'printf "a\\0b" > x', 'a binary file'],
  ['what is not UTF-8', 'printf "a\\377b" > x', 'not UTF-8'],
])('neither waits for nor swallows %s', async (_name, make, reason) => {
  const root = aRepository();
  execFileSync('/bin/sh', ['-c', make], { cwd: root });

  const read = await runTool(root, 'read_file', { path: 'x' });
  const viewed = await runTool(root, 'view_image', { path: 'x' });

  expect(read).toEqual({ outcome: 'failed', output: expect.stringContaining(reason) });
  expect(viewed.outcome).toBe('failed');
});

test('a folder that becomes a link while a file is read does not lead outside', async () => {
  const root = aRepository();
  const outside = scratchFolder();
  writeFiles(outside, { 'a.ts': 'hush' });
  renameSync(join(root, 'src'), join(root, 'moved'));
  symlinkSync(outside, join(root, 'src'));

  const read = await readConfined(join(root, 'src/a.ts'), 1_000);

  expect(read).toEqual({ kind: 'unreadable', reason: expect.stringContaining('replaced by a link') });
});

test('lists a folder of more files than are shown', async () => {
  const root = aRepository();
  execFileSync('/bin/sh', ['-c', 'mkdir many && cd many && seq 25000 | xargs touch'], { cwd: root });

  const { outcome, output } = await runTool(root, 'list_files', { path: 'many' });

  expect([outcome, output.split('\n').length]).toEqual(['ok', 1_001]);
  expect(output).toContain('more than 1000 entries');
});

test('says which search a file is too large for, and does without it', async () => {
  const root = aRepository();
  execFileSync('truncate', ['-s', '8G', join(root, 'huge.bin')]);

  const [everything, sources] = [
    await runTool(root, 'search_files', { pattern: 'two' }),
    await runTool(root, 'search_files', { pattern: 'two', glob: '*.ts' }),
  ];

  expect(everything).toEqual({ outcome: 'failed', output: expect.stringContaining('too large to be searched') });
  expect(sources).toMatchObject({ outcome: 'ok' });
});

test('does not read through a link that leads outside', async () => {
  const root = aRepository();
  symlinkSync('/etc/passwd', join(root, 'link'));

  expect(await runTool(root, 'read_file', { path: 'link' })).toMatchObject({ outcome: 'refused' });
});

test('lists files without .git', async () => {
  const result = await runTool(aRepository(), 'list_files', {});

  expect(result.output.split('\n')).toEqual(['.gitignore', 'b.md', 'out/', 'out/c.ts', 'src/', 'src/a.ts']);
});

test.each([
  [{ pattern: String.raw`two = \d+` }, 'src/a.ts:2:const two = 22;'],
  [{ pattern: 'one', ignore_case: true }, 'b.md:1:One\nsrc/a.ts:1:const one = 1;'],
  [{ pattern: 'one', glob: '*.ts' }, 'src/a.ts:1:const one = 1;'],
  [{ pattern: 'one', path: 'src', glob: '*.md' }, 'No match.'],
  [{ pattern: '= 1;', fixed: true, path: 'src/a.ts' }, 'src/a.ts:1:const one = 1;'],
])('searches with %j', async (input, output) => {
  expect(await runTool(aRepository(), 'search_files', input)).toEqual({ outcome: 'ok', output });
});

test('explains a pattern that is no regular expression', async () => {
  const result = await runTool(aRepository(), 'search_files', { pattern: '(' });

  expect(result).toEqual({ outcome: 'failed', output: expect.stringContaining('no valid regular expression') });
});

test('a pattern that backtracks without end is given up', async () => {
  const root = aRepository();
  writeFiles(root, { 'evil.txt': `${'a'.repeat(5000)}!\n` });

  const result = await runTool(root, 'search_files', { pattern: '^(a|aa)+$' });

  expect(['ok', 'failed']).toContain(result.outcome);
}, 60_000);
