/** Real code of hundreds of files with a bug planted in it, tests that the bug breaks, and the conversation that mends it. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { git } from '../support/git-repository.ts';

const PACKAGES = fileURLToPath(new URL('../../node_modules/', import.meta.url));
/** Files that one command changes, so that a kill in its middle leaves some changed and some not. */
export const MARKED = 100;
const MARK = '// marked';

export interface RealPackage {
  readonly name: string;
  /** Packages that it needs, which become part of its repository. */
  readonly needs: readonly string[];
  readonly bug: { readonly file: string; readonly right: string; readonly wrong: string };
  /** An ES module below `test/`. */
  readonly test: readonly string[];
}

export const REAL_PACKAGES: readonly RealPackage[] = [
  {
    name: 'zod',
    needs: [],
    bug: { file: 'v4/core/checks.js', right: 'if (size >= def.minimum)', wrong: 'if (size > def.minimum)' },
    test: [
      "import { z } from '../index.js';",
      "test('a set of the least size fits', () => assert.ok(z.set(z.number()).min(2).safeParse(new Set([1, 2])).success));",
      "test('a smaller one does not', () => assert.ok(!z.set(z.number()).min(2).safeParse(new Set([1])).success));",
    ],
  },
  {
    name: 'openai',
    needs: [],
    bug: { file: 'internal/utils/values.mjs', right: '/^[a-z][a-z0-9+.-]*:/i', wrong: '/^[a-z]+:/i' },
    test: [
      "import { isAbsoluteURL } from '../internal/utils/values.mjs';",
      "test('a scheme may have a plus sign', () => assert.ok(isAbsoluteURL('git+ssh://host/')));",
      "test('a path is no absolute URL', () => assert.ok(!isAbsoluteURL('/v1/models')));",
    ],
  },
  {
    name: 'ajv',
    needs: ['fast-deep-equal', 'fast-uri', 'json-schema-traverse', 'require-from-string'],
    bug: { file: 'dist/vocabularies/validation/limitNumber.js', right: 'fail: ops.LT }', wrong: 'fail: ops.LTE }' },
    test: [
      "import ajv from '../dist/ajv.js';",
      "test('the minimum itself fits', () => assert.ok(new ajv.default().compile({ minimum: 3 })(3)));",
      "test('less does not', () => assert.ok(!new ajv.default().compile({ minimum: 3 })(2)));",
    ],
  },
];

/** A git repository of the package with the bug in it; gives its path. */
export function layOutPackage({ name, needs, bug, test }: RealPackage, directory: string): string {
  cpSync(join(PACKAGES, name), directory, { recursive: true });
  for (const needed of needs) cpSync(join(PACKAGES, needed), join(directory, 'node_modules', needed), { recursive: true });
  const file = join(directory, bug.file);
  const parts = readFileSync(file, 'utf8').split(bug.right);
  if (parts.length < 2)
    throw new Error(`${name}: ${bug.file} has no ${JSON.stringify(bug.right)}; look for it in the installed version`);
  writeFileSync(file, [parts[0], parts.slice(1).join(bug.right)].join(bug.wrong));
  cpSync(writeTest(directory, test), join(directory, 'test', 'bug.test.mjs'));
  git(directory, 'init', '--quiet', '--initial-branch', 'main');
  git(directory, 'add', '--all', '--force');
  git(directory, 'commit', '--quiet', '--message', 'Begin');
  return directory;
}

function writeTest(directory: string, lines: readonly string[]): string {
  const file = join(dirname(directory), 'bug.test.mjs');
  writeFileSync(file, ["import assert from 'node:assert';", "import { test } from 'node:test';", ...lines, ''].join('\n'));
  return file;
}

/** How a task that is told to "mend NAME" goes about it. */
export function conversationOf({ name, bug }: RealPackage): object {
  const call = (tool: string, input: object | string): object => ({ name: tool, input });
  const runTests = { toolCalls: [call('exec_command', { cmd: 'node --test test/*.test.mjs', yield_time_ms: 30_000 })] };
  const marking = `grep -rL --include='*.d.*ts' -e '^${MARK}' . | sort | head -${MARKED} | while read -r f; do sed -i '1i ${MARK}' "$f"; done`;
  const patch = ['*** Begin Patch', `*** Update File: ${bug.file}`, '@@', ...changeOf(name, bug), '*** End Patch'].join('\n');
  const turns = [
    runTests,
    { toolCalls: [call('search_files', { pattern: 'test' }), call('read_file', { path: bug.file })] },
    { toolCalls: [call('exec_command', { cmd: marking, yield_time_ms: 30_000 })] },
    { toolCalls: [call('apply_patch', patch)] },
    runTests,
    { text: `${name} is mended.` },
  ];
  return { when: { inputContains: `mend ${name}` }, turns };
}

/** How many files carry the mark, and whether one carries it twice. */
export function marksOf(directory: string): { readonly files: number; readonly most: number } {
  const counts = git(directory, 'grep', '--count', '--no-index', '-e', `^${MARK}`, '--', '.')
    .trim()
    .split('\n')
    .map((line) => Number(line.slice(line.lastIndexOf(':') + 1)));
  return { files: counts.length, most: Math.max(...counts) };
}

/** The whole line, as a model gives it. */
function changeOf(name: string, { file, right, wrong }: RealPackage['bug']): readonly string[] {
  const line = readFileSync(join(PACKAGES, name, file), 'utf8')
    .split('\n')
    .find((text) => text.includes(right));
  return line === undefined ? [] : [`-${line.replace(right, wrong)}`, `+${line}`];
}
