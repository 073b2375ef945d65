import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explainMismatch } from '../../activities/tools/explain-mismatch.ts';
import { findNearest } from '../../activities/tools/find-nearest.ts';

const SOURCE = [
  'export function add(left, right) {',
  '  return left + right;',
  '}',
  '',
  'export function subtract(left, right) {',
  '  return left - right;',
  '}',
];

test('finds one line that was copied with a mistake', () => {
  expect(findNearest(SOURCE, { needle: ['export function substract(left, right) {'], from: 0 })).toMatchObject({
    start: 4,
    matching: 0,
    similarity: expect.closeTo(0.97, 1),
  });
});

test('finds the place where most lines stand, whatever is common elsewhere', () => {
  const needle = ['export function subtract(a, b) {', '  return left - right;', '}'];

  expect(findNearest(SOURCE, { needle, from: 0 })).toMatchObject({ start: 4, matching: 2 });
});

test('of equal places tells the one after the search began', () => {
  const lines = ['begin', '  wait(100);', 'end', 'begin', '  wait(100);', 'end'];

  expect(findNearest(lines, { needle: ['  wait(1000);'], from: 2 })?.start).toBe(4);
});

test('finds nothing where nothing is alike', () => {
  expect(findNearest(SOURCE, { needle: ['SELECT * FROM users;', 'xyz'], from: 0 })).toBeUndefined();
  expect(findNearest([], { needle: ['a'], from: 0 })).toBeUndefined();
  expect(findNearest(SOURCE, { needle: ['', ''], from: 0 })).toBeUndefined();
});

test('finds any line of a file in which one character was lost', () => {
  const line = fc.stringMatching(/^[a-z]{4} [a-z]{8} [a-z]{6}$/);
  const text = fc.uniqueArray(line, { minLength: 3, maxLength: 30 });
  fc.assert(
    fc.property(text, fc.nat(), fc.nat(18), (lines, which, at) => {
      const start = which % lines.length;
      const wanted = lines[start] ?? '';
      const needle = [wanted.slice(0, at) + wanted.slice(at + 1)];

      // Another line may be as alike.
      expect(findNearest(lines, { needle, from: 0 })?.similarity).toBeGreaterThan(0.8);
    }),
  );
});

test('takes a bounded time for the longest files', () => {
  // 16 MB, the most that a patch may change; without bounds this takes minutes.
  const lines = Array.from({ length: 400_000 }, (_, index) => `  const value${index} = compute(${index % 977});`);
  const needle = Array.from({ length: 200 }, (_, index) => `  const other${index} = compute(${index});`);
  const begin = performance.now();

  findNearest(lines, { needle, from: 390_000 });

  expect(performance.now() - begin).toBeLessThan(5000);
});

test.each([
  [
    'is different',
    ['}', '', 'export function subtract(left, right): number {'],
    'Line 5 is "export function subtract(left, right) {", not',
  ],
  ['is missing', ['  return left - right;', '}', '// the end'], 'The file ends before its line 8.'],
  ['is before the search', ['  return left + right;', '}'], 'before the place where this chunk may match'],
])('says so when a line %s', (_name, needle, words) => {
  expect(explainMismatch({ path: 'a.js', lines: SOURCE, needle, from: 4, problem: 'not found' })).toContain(words);
});

test('shows both texts, but never all of a long one', () => {
  const lines = Array.from({ length: 100 }, (_, index) => `line number ${index} ${'x'.repeat(1000)}`);
  const needle = lines.map((line, index) => (index === 50 ? 'another' : line));

  const words = explainMismatch({ path: 'a', lines, needle, from: 0, problem: 'not found' });

  expect(words).toMatch(
    /line number 0 x+…\n.*… and 80 more lines\nThe nearest place is line 1 \(\d+ % alike\), where this stands:\n1: line/s,
  );
  expect(words.length).toBeLessThan(20_000);
});
