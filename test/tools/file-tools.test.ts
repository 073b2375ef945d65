import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runTool, SCENE_TOOLS, scratchFolder, writeFiles } from './tool-scene.ts';

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
  expect(SCENE_TOOLS.names).toEqual([
    'apply_patch',
    'exec_command',
    'write_stdin',
    'shell',
    'read_file',
    'list_files',
    'search_files',
    'update_plan',
    'view_image',
  ]);
  expect(SCENE_TOOLS.find('rm')).toBeUndefined();
  expect(SCENE_TOOLS.definitions(['read_file', 'rm']).map(({ name }) => name)).toEqual(['read_file']);
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

test('runs a command where it was told to and reports its end', async () => {
  const result = await runTool(aRepository(), 'exec_command', { cmd: 'pwd; exit 3', workdir: 'src' });

  expect(result.outcome).toBe('failed');
  expect(result.output).toMatch(
    /^Chunk ID: [0-9a-f]{6}\nWall time: \d+\.\d{4} seconds\nProcess exited with code 3\n.*\nOutput:\n.*\/src\n$/s,
  );
});

test('cuts a long output in the middle and kills a command whose time is over', async () => {
  const root = aRepository();

  const long = await runTool(root, 'exec_command', { cmd: 'seq 100000', max_output_tokens: 50 });
  const slow = await runTool(root, 'exec_command', { cmd: 'sleep 1000', timeout_ms: 200 });

  expect(long.output).toMatch(/Warning: truncated output.*\n1\n2\n.*tokens truncated….*100000\n$/s);
  expect(slow).toEqual({ outcome: 'failed', output: expect.stringContaining('longer than 200 ms') });
});
