import { describe, expect, test } from 'vitest';
import { mcpToolName } from '../../activities/mcp/mcp-tool-name.ts';
import { readToolList } from '../../activities/mcp/read-tool-list.ts';

function listed(overrides: object = {}) {
  return {
    name: 'search',
    description: 'Searches.',
    inputSchema: { type: 'object', properties: { q: { type: 'string' } } },
    ...overrides,
  };
}

/** `{"not": {"not": …}}` */
function nested(levels: number): object {
  let schema: object = { type: 'string' };
  for (let level = 0; level < levels; level += 1) schema = { not: schema };
  return { type: 'object', properties: { q: schema } };
}

describe('a list of tools', () => {
  test('is read for what a model needs: hints and what is answered are nothing to us', () => {
    const hints = { annotations: { readOnlyHint: true }, outputSchema: { type: 'nonsense' }, _meta: {}, icons: 7 };

    expect(readToolList([listed(hints)])).toEqual({
      tools: [
        { name: 'search', description: 'Searches.', parameters: { type: 'object', properties: { q: { type: 'string' } } } },
      ],
      leftOut: [],
    });
  });

  test('may be bare', () => {
    expect(readToolList([{ name: 'now', title: 'The time', inputSchema: { type: 'object' } }]).tools).toEqual([
      { name: 'now', description: 'The time', parameters: { type: 'object', properties: {} } },
    ]);
  });

  test.each([
    [
      'of an older draft',
      { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', definitions: {} },
      { type: 'object', properties: {}, definitions: {} },
    ],
    [
      'with lists of no known kind',
      {
        type: 'object',
        properties: { additionalItems: {}, p: { type: 'array' }, default: { type: 'array', default: { type: 'array' } } },
      },
      {
        type: 'object',
        properties: {
          additionalItems: {},
          p: { type: 'array', items: {} },
          default: { type: 'array', items: {}, default: { type: 'array' } },
        },
      },
    ],
    [
      'with lists of a first and a second',
      { type: 'object', properties: { p: { type: 'array', items: [{ type: 'array' }], additionalItems: false } } },
      { type: 'object', properties: { p: { type: 'array', prefixItems: [{ type: 'array', items: {} }], items: false } } },
    ],
    [
      'with a choice at its top',
      { type: 'object', properties: { a: {} }, anyOf: [{ required: ['a'] }] },
      { type: 'object', properties: { a: {} } },
    ],
  ])('may have a schema %s', (_, inputSchema, parameters) => {
    expect(readToolList([listed({ inputSchema })])).toMatchObject({ leftOut: [], tools: [{ parameters }] });
    expect(readToolList([listed({ inputSchema })]).tools[0]?.parameters).toEqual(parameters);
  });

  test.each([
    ['no tool', 7, 'one without a name is not described as a tool is (the tool: Invalid input'],
    ['no schema', listed({ inputSchema: undefined }), '"search" is not described as a tool is (inputSchema:'],
    ['a name of nothing', listed({ name: '' }), 'is not described as a tool is (name: Too small'],
    [
      'a name of 10 MB',
      listed({ name: 'x'.repeat(10_000_000) }),
      `"${'x'.repeat(59)}…" is not described as a tool is (name: Too big`,
    ],
    ['a name that would colour a terminal', listed({ name: '\u001b[31mred', inputSchema: 1 }), '"[31mred" is not described'],
    ['a schema of text', listed({ inputSchema: { type: 'string' } }), 'has an input schema that is not of an object'],
    [
      'a schema that is none',
      listed({ inputSchema: { type: 'object', properties: { q: { type: 'word' } } } }),
      'is no JSON schema',
    ],
    ['a schema of lists', listed({ inputSchema: { type: 'object', required: 'q' } }), 'is no JSON schema'],
    [
      'a schema of before numbers',
      listed({ inputSchema: { type: 'object', properties: { n: { exclusiveMinimum: true } } } }),
      'is no JSON schema',
    ],
    ['half a character', listed({ inputSchema: { type: 'object', title: '\ud800' } }), 'has half characters in it'],
    ['a deep schema', listed({ inputSchema: nested(5_000) }), 'is more than 64 levels deep'],
    [
      'a large schema',
      listed({ inputSchema: { type: 'object', description: 'x'.repeat(70_000) } }),
      'has more than 64 Ki characters',
    ],
  ])('is read without one that has %s', (_, bad, words) => {
    const { tools, leftOut } = readToolList([bad, listed({ name: 'good' })]);

    expect(tools.map(({ name }) => name)).toEqual(['good']);
    expect(leftOut).toEqual([expect.stringContaining(words)]);
    expect(leftOut[0]?.length).toBeLessThan(500);
  });

  test('has each name once, and no description without an end', () => {
    const { tools, leftOut } = readToolList([listed({ description: 'x'.repeat(1_000_000) }), listed()]);

    expect(tools.map(({ description }) => description.length)).toEqual([1_024]);
    expect(leftOut).toEqual(['"search" is listed twice']);
  });

  test('runs no pattern of a schema', () => {
    const slow = { type: 'object', properties: { q: { type: 'string', pattern: '^(a+)+$', default: `${'a'.repeat(40)}b` } } };

    expect(readToolList([listed({ inputSchema: slow })]).tools).toHaveLength(1);
  });
});

describe('the name that a model calls a tool by', () => {
  test('is plain where the tool has a plain one', () => {
    expect(mcpToolName('tracker', 'create_issue')).toBe('mcp__tracker__create_issue');
  });

  test.each([
    ['letters that no cloud takes', 'búsqueda/rápida'],
    ['no end', 'x'.repeat(200)],
    ['nothing but signs', '…'],
  ])('fits every cloud when it has %s', (_, tool) => {
    expect(mcpToolName('tracker', tool)).toMatch(/^mcp__tracker__[A-Za-z0-9_-]{1,51}$/);
  });

  test('is another one for each tool', () => {
    const tools = ['a.b', 'a/b', 'a b', 'a_b', 'x'.repeat(100), 'x'.repeat(101), 'x'.repeat(50), 'x'.repeat(60)];

    expect(new Set(tools.map((tool) => mcpToolName('tracker', tool))).size).toBe(tools.length);
  });
});
