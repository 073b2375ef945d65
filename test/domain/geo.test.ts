import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ANYWHERE, areWithin, isWithin } from '../../workflows/domain/geo.ts';

const EU = 'at be bg cy cz de dk ee es fi fr gr hr hu ie it lt lu lv mt nl pl pt ro se si sk'.split(' ');
const geo = fc.constantFrom(ANYWHERE, 'us', 'eu', 'apac', 'se', 'de', 'jp', 'in', 'gb', 'ca');

describe('a geography', () => {
  test.each(EU)('is within the EU: %s', (country) => {
    expect(isWithin(country, ['eu'])).toBe(true);
    expect(isWithin('eu', [country])).toBe(false);
  });

  test.each(['gb', 'ch', 'no', 'is', 'us', 'apac', 'ua', 'tr'])('is not within the EU: %s', (country) => {
    expect(isWithin(country, ['eu'])).toBe(false);
  });

  test.each([
    ['jp', ['apac'], true],
    ['in', ['apac'], true],
    ['cn', ['apac'], false],
    ['us', ['eu', 'us'], true],
    ['us', [], false],
    ['se', ['de', 'fr'], false],
    ['eu', EU, false],
    [ANYWHERE, ['us', 'eu', 'apac'], false],
    [ANYWHERE, [ANYWHERE], true],
    ['us', [ANYWHERE], false],
  ])('%s is within %j: %s', (one, allowed, expected) => {
    expect(isWithin(one, allowed)).toBe(expected);
  });

  test('is within itself, and within more when more is allowed', () => {
    fc.assert(
      fc.property(geo, fc.array(geo), fc.array(geo), (one, allowed, more) => {
        expect(isWithin(one, [one, ...more])).toBe(true);
        expect(isWithin(one, [...allowed, ...more])).toBe(isWithin(one, allowed) || isWithin(one, more));
      }),
    );
  });

  test('is within whatever holds what it is within', () => {
    fc.assert(
      fc.property(geo, geo, fc.array(geo), (one, between, allowed) => {
        fc.pre(isWithin(one, [between]) && isWithin(between, allowed));

        expect(isWithin(one, allowed)).toBe(true);
      }),
    );
  });
});

describe('several geographies', () => {
  test('are within when all are', () => {
    expect(areWithin(['se', 'us'], ['eu', 'us'])).toBe(true);
    expect(areWithin(['se', 'gb'], ['eu', 'us'])).toBe(false);
  });

  test('of which none is known are within nothing', () => {
    expect(areWithin([], ['us'])).toBe(false);
    expect(areWithin([], [ANYWHERE])).toBe(false);
  });
});
