import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { excerptOf, toPrintable } from '../../workflows/domain/tool-call.ts';
import { aToolCall } from '../support/builders.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.array(fc.integer({ min: 0, max: 0xff_ff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
);
/** Of Unicode's own classes: controls, formats (bidi, zero width, tags), half pairs, line and paragraph separators. */
const HARMFUL =
  /[\p{Cc}\p{Cs}\u2028\u2029\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/u;

function anExcerpt(kind: 'json' | 'text', text: string): string {
  return excerptOf(aToolCall({ input: { kind, text } }));
}

describe('an excerpt', () => {
  test.each([
    ['the first text among the arguments', 'json', '{"limit":3,"path":"src/a.ts","why":"x"}', 'src/a.ts'],
    ['the first line of an argument', 'json', '{"cmd":"\\n  npm test\\nnpm run lint"}', 'npm test'],
    ['the first header of a patch', 'text', '*** Begin Patch\n*** Update File: a.ts\n@@\n', '*** Update File: a.ts'],
    [
      'the header of a patch that came as an argument',
      'json',
      '{"input":"*** Begin Patch\\n*** Add File: b"}',
      '*** Add File: b',
    ],
    ['the first line that says something', 'text', '\n  \nhello\nworld', 'hello'],
    ['nothing where the arguments are cut', 'json', '{"path":"src', ''],
    ['nothing where the arguments are no object', 'json', '"path"', ''],
    ['nothing where the arguments are null', 'json', 'null', ''],
    ['nothing where no argument is a text', 'json', '{"limit":3}', ''],
    ['nothing of an empty patch', 'text', '*** Begin Patch\n', ''],
  ] as const)('is %s', (...[, kind, text, excerpt]) => {
    expect(anExcerpt(kind, text)).toBe(excerpt);
  });

  test('of any call is one printable line of at most 60 characters', () => {
    fc.assert(
      fc.property(fc.constantFrom('json' as const, 'text' as const), anyText, (kind, text) => {
        for (const excerpt of [anExcerpt(kind, text), anExcerpt('json', JSON.stringify({ cmd: text.repeat(3) }))]) {
          expect(excerpt.length).toBeLessThanOrEqual(60);
          expect(excerpt).not.toMatch(HARMFUL);
        }
      }),
    );
  });
});

describe('a printable line', () => {
  test('shows that it was cut', () => {
    expect(toPrintable('abcdef', 5)).toBe('abcd…');
    expect(toPrintable('abcde', 5)).toBe('abcde');
  });

  test('is not cut through an emoji', () => {
    expect(toPrintable('abc👩def', 5)).toBe('abc…');
    expect(toPrintable('ab👩def', 5)).toBe('ab👩…');
  });

  test.each([
    ['lines and tabs', 'a\r\n\tb', 'a b'],
    ['escapes', 'a\u001b[31mb', 'a [31mb'],
    ['eight-bit controls', 'a\u009bb', 'a b'],
    ['bidi overrides', 'a\u202eb\u2066c\u061cd', 'a b c d'],
    ['invisible characters', 'a\u200bb\u2060c\ufeffd\u{e0041}e\u00adf', 'a b c d e f'],
    ['half pairs', 'a\ud83d', 'a\ufffd'],
  ])('has no %s', (_, text, printable) => {
    expect(toPrintable(text, 60)).toBe(printable);
  });

  test('of any text has no more characters than asked for, and changes nothing in its own output', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 30 }), (text, characters) => {
        const printable = toPrintable(text, characters);

        expect(printable.length).toBeLessThanOrEqual(characters);
        expect(printable).not.toMatch(HARMFUL);
        expect(toPrintable(printable, characters)).toBe(printable);
      }),
    );
  });
});
