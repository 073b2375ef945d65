import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editDistance, nearestNames } from '../../workflows/domain/nearest-names.ts';

const MODELS = ['gpt-6-astra', 'gpt-6.1-sol', 'gpt-6.1-terra', 'gpt-6-luna'];
const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '👩'), maxLength: 7 });

describe('the names nearest to a mistyped one', () => {
  test.each([
    ['gpt-6.1-sool', 'gpt-6.1-sol'],
    ['GPT-6-LUNA', 'gpt-6-luna'],
    ['gpt-61-tera', 'gpt-6.1-terra'],
  ])('of %s begin with %s', (name, nearest) => {
    expect(nearestNames(name, MODELS)[0]).toBe(nearest);
  });

  test('do not depend on upper and lower case', () => {
    expect(nearestNames('ABC', ['aaa', 'abc'])).toEqual(['abc', 'aaa']);
  });

  test('are at most three, without repetition', () => {
    expect(nearestNames('x', ['a', 'a', 'b', 'b', 'c', 'd'])).toEqual(['a', 'b', 'c']);
  });

  test('are none where none are known', () => {
    expect(nearestNames('x', [])).toEqual([]);
  });

  test('do not depend on the order in which names are known', () => {
    fc.assert(
      fc.property(word, fc.array(word, { maxLength: 6 }), (name, known) => {
        expect(nearestNames(name, known.toReversed())).toEqual(nearestNames(name, known));
      }),
    );
  });

  test('leave out no name that is nearer', () => {
    fc.assert(
      fc.property(word, fc.uniqueArray(word, { maxLength: 6 }), (name, known) => {
        const nearest = nearestNames(name, known);
        const distances = nearest.map((each) => editDistance(name, each));
        const others = known.filter((each) => !nearest.includes(each)).map((each) => editDistance(name, each));

        expect(distances).toEqual(distances.toSorted((left, right) => left - right));
        expect(others.filter((distance) => distance < (distances.at(-1) ?? 0))).toEqual([]);
      }),
    );
  });
});

describe('the distance between two names', () => {
  test.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['flaw', 'lawn', 2],
    ['sol', 'sol', 0],
    ['👩', 'a', 1],
  ])('%j and %j is %i', (left, right, distance) => {
    expect(editDistance(left, right)).toBe(distance);
  });

  test('is none for the same name only, the same both ways, and no longer by a detour', () => {
    fc.assert(
      fc.property(word, word, word, (left, right, detour) => {
        const distance = editDistance(left, right);

        expect(distance === 0).toBe(left === right);
        expect(distance).toBe(editDistance(right, left));
        expect(distance).toBeLessThanOrEqual(editDistance(left, detour) + editDistance(detour, right));
      }),
    );
  });
});
