import { describe, expect, it } from 'vitest';
import { toJsonLine, toPrintableText } from '../../workflows/domain/printable.ts';

describe('toPrintableText', () => {
  it('keeps lines, tabs, accents and emoji', () => {
    expect(toPrintableText('a\tb\r\nç 👩‍💻'.replace('\u200d', ''))).toBe('a\tb\nç 👩💻');
  });

  it.each([
    ['colours', 'a\u001b[31mred\u001b[0m', 'ared'],
    ['a title', '\u001b]0;title\u0007text', 'text'],
    ['a link', '\u001b]8;;http://x\u001b\\text\u001b]8;;\u001b\\', 'text'],
    ['an eight-bit escape', '\u009b31mtext', '31mtext'],
    ['a returned line', 'safe\rrm -rf', 'saferm -rf'],
    ['bidi overrides', 'abc\u202edcb\u2066', 'abcdcb'],
    ['invisible characters', 'a\u200bb\ufeff\u{e0041}', 'ab'],
  ])('removes %s', (_, text, printable) => {
    expect(toPrintableText(text)).toBe(printable);
  });

  it('makes half a surrogate pair whole', () => {
    expect(toPrintableText('\ud800')).toBe('\ufffd');
  });
});

describe('toJsonLine', () => {
  it('escapes what a terminal would act on and means the same value', () => {
    const value = { output: 'a\u001b[31m\u009b\u202e\u{e0041}\nb' };

    const line = toJsonLine(value);

    expect(line).toMatch(/^[\u0020-\u007e]*$/);
    expect(JSON.parse(line)).toEqual(value);
  });
});
