import { describe, expect, test } from 'vitest';
import { toToolReturn } from '../../activities/mcp/to-tool-return.ts';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

function text(words: string) {
  return { type: 'text', text: words };
}

describe('what a server answers', () => {
  test('is its texts, one after the other', () => {
    expect(toToolReturn({ content: [text('a'), text('b')] })).toEqual({ outcome: 'ok', output: 'a\nb' });
  });

  test('is a failure when the server says so', () => {
    expect(toToolReturn({ content: [text('no such issue')], isError: true })).toEqual({
      outcome: 'failed',
      output: 'no such issue',
    });
  });

  test('may be a picture, by its own bytes', () => {
    const { output, images } = toToolReturn({ content: [{ type: 'image', data: PNG, mimeType: 'image/jpeg' }] });

    expect(output).toBe('[picture: image/png, 1 x 1 pixels]');
    expect(images).toEqual([{ mediaType: 'image/png', base64: PNG }]);
  });

  test.each([
    [
      'a picture that is none',
      { type: 'image', data: 'AAAA', mimeType: 'image/png' },
      '[left out: a picture (image/png) that is no whole',
    ],
    ['sound', { type: 'audio', data: 'AAAA', mimeType: 'audio/wav' }, '[left out: sound (audio/wav)]'],
    [
      'a file',
      { type: 'resource', resource: { uri: 'file:///a', blob: 'AAAA' } },
      '[left out: file:///a (of no known type, about 3 bytes)]',
    ],
    ['a text file', { type: 'resource', resource: { uri: 'file:///a', text: 'hello' } }, 'file:///a:\nhello'],
    ['a link', { type: 'resource_link', uri: 'https://a', name: 'A', description: 'all of it' }, 'A: https://a (all of it)'],
    ['what nobody knows', { type: 'smell' }, '[left out: part 1, which is of no known kind]'],
    ['no part at all', 7, '[left out: part 1'],
  ])('is told in words when it is %s', (_, part, words) => {
    expect(toToolReturn({ content: [part] }).output).toContain(words);
  });

  test('is structured content where it is not there as text', () => {
    const structuredContent = { found: [1, 2] };

    expect(toToolReturn({ content: [text('{"found": [1,2]}')], structuredContent }).output).toBe('{"found": [1,2]}');
    expect(toToolReturn({ content: [text('Two.')], structuredContent }).output).toBe('Two.\n{"found":[1,2]}');
    expect(toToolReturn({ structuredContent }).output).toBe('{"found":[1,2]}');
  });

  test('is cut in the middle when a model should not read all of it', () => {
    const { output } = toToolReturn({ content: [text(`begin${'x'.repeat(5_000_000)}`), text('end')] });

    expect(output.length).toBeLessThan(41_000);
    expect(output).toMatch(/^Warning: truncated output[^]*begin[^]*end$/);
  });

  test('has no more pictures than a model looks at', () => {
    const content = Array.from({ length: 20 }, () => ({ type: 'image', data: PNG, mimeType: 'image/png' }));

    expect(toToolReturn({ content }).images).toHaveLength(8);
  });

  test.each([
    ['nothing', undefined],
    ['an empty object', {}],
    ['text', 'done'],
    ['content that is no list', { content: 'done' }],
  ])('is a failure when it is %s', (_, answer) => {
    expect(toToolReturn(answer)).toEqual({
      outcome: 'failed',
      output: 'The tool ran, but its server answered with something that is no result.',
    });
  });
});
