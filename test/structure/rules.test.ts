import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ScratchProject } from './scratch-project.ts';
import { createScratchProject } from './scratch-project.ts';

/** Nothing but its length is wrong with such a file. */
const LINE = '// a line\n';

/** A file that breaks a rule of ours, and the rule. */
const VIOLATIONS: readonly (readonly [what: string, file: string, text: string, rule: string])[] = [
  ['a file of 301 lines', 'client/too-long.ts', LINE.repeat(301), 'max-lines'],
  ['a test of 501 lines', 'test/loop/too-long.test.ts', LINE.repeat(501), 'max-lines'],
  [
    'a function of 61 lines',
    'client/long-function.ts',
    `export function f() {\n${'  f();\n'.repeat(59)}}\n`,
    'max-lines-per-function',
  ],
  [
    'a function of 13 ways',
    'client/complex.ts',
    `export function f(n: number) {\n${'  if (n > 1) return 1;\n'.repeat(12)}  return 2;\n}\n`,
    'complexity',
  ],
  [
    'a depth of 4',
    'client/deep.ts',
    'export function f(n: number) {\n  if (n > 1) {\n    if (n > 2) {\n      if (n > 3) {\n        if (n > 4) f(n);\n      }\n    }\n  }\n}\n',
    'max-depth',
  ],
  ['four parameters', 'client/parameters.ts', 'export const f = (a: 1, b: 1, c: 1, d: 1) => [a, b, c, d];\n', 'max-params'],
  ['a promise nobody awaits', 'client/floating.ts', 'export const f = async () => {};\nf();\n', 'no-floating-promises'],
  [
    'a switch that forgets a case',
    'client/switch.ts',
    "export function f(kind: 'a' | 'b') {\n  switch (kind) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n}\n",
    'switch-exhaustiveness-check',
  ],
  ['any', 'client/any.ts', 'export const f = (a: any) => String(a);\n', 'no-explicit-any'],
  ['a non-null assertion', 'client/non-null.ts', 'export const f = (a?: string) => a!.length;\n', 'no-non-null-assertion'],
  ['a default export', 'client/default-export.ts', 'export default 1;\n', 'no-default-export'],
  ['a file name in camel case', 'client/camelCase.ts', 'export const f = 1;\n', 'filename-case'],
  ['a cycle', 'client/cycle.ts', "import { g } from './cycle-back.ts';\nexport const f = () => g;\n", 'no-cycle'],
  [
    'a focused test',
    'test/loop/focused.test.ts',
    "import { test } from 'vitest';\ntest.only('x', () => {});\n",
    'no-focused-tests',
  ],
  ['the clock in the domain', 'workflows/domain/clock.ts', 'export const f = () => Date.now();\n', 'no-restricted-globals'],
  ['a date in the domain', 'workflows/domain/date.ts', 'export const f = () => new Date();\n', 'no-restricted-globals'],
  ['chance in the domain', 'workflows/domain/chance.ts', 'export const f = () => Math.random();\n', 'no-restricted-properties'],
];

/** What the sandbox does not have, or has only to mislead. */
const NODE_GLOBALS = ['process', 'fetch', 'setTimeout', 'Buffer', 'console', 'performance'];

let project: ScratchProject;
let lint: string;
let types: string;

beforeAll(async () => {
  project = await createScratchProject({
    ...Object.fromEntries(VIOLATIONS.map(([, file, text]) => [file, text])),
    'client/cycle-back.ts': "import { f } from './cycle.ts';\nexport const g = () => f;\n",
    'client/within-budget.ts': `export function f(g: () => void) {\n${'  g();\n'.repeat(58)}}\n`,
    'workflows/clock.ts': 'export const f = () => Date.now() + Math.random();\n',
    ...Object.fromEntries(
      NODE_GLOBALS.map((name) => [`workflows/${name.toLowerCase()}.ts`, `export const f = () => ${name};\n`]),
    ),
  });
  lint = await project.run('oxlint', ['--type-aware', '--format=unix']);
  types = await project.run('tsc', ['-p', 'workflows', '--pretty', 'false']);
});

afterAll(() => project.remove());

describe('the linter', () => {
  test.each(VIOLATIONS)('refuses %s (%s)', (...[, file, , rule]) => {
    expect(linesOf(lint, file).join('\n')).toContain(`(${rule})`);
  });

  test('lets a function of 60 lines pass', () => {
    expect(linesOf(lint, 'client/within-budget.ts')).toEqual([]);
  });

  test('lets workflows read the clock and chance, which Temporal makes the same in every replay', () => {
    expect(linesOf(lint, 'workflows/clock.ts')).toEqual([]);
  });
});

describe('the compiler', () => {
  test.each(NODE_GLOBALS)('knows no %s in workflows/', (name) => {
    expect(linesOf(types, `${name.toLowerCase()}.ts`).join('\n')).toMatch(new RegExp(`Cannot find name '${name}'`));
  });
});

function linesOf(output: string, file: string): readonly string[] {
  return output.split('\n').filter((line) => line.includes(`${file}:`) || line.includes(`${file}(`));
}
