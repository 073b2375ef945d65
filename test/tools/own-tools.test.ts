import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { ToolDescription } from '../../activities/tools/define-tool.ts';
import { defineTool } from '../../activities/tools/define-tool.ts';
import { createOwnTools } from '../../activities/tools/own-tools.ts';
import { ToolError } from '../../activities/tools/tool-error.ts';
import type { ToolReturn } from '../../activities/tools/tool.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';

const parameters = z.object({ order: z.string().describe('Its number.'), most: z.int().default(3) });
type Args = z.output<typeof parameters>;

function described(overrides: Partial<ToolDescription<Args>> = {}): ToolDescription<Args> {
  return { name: 'find_order', description: 'Finds an order.', parameters, run: ({ order }) => order, ...overrides };
}

interface Called {
  readonly end: ToolReturn;
  readonly alerts: readonly string[];
}

async function call(
  overrides: Partial<ToolDescription<Args>>,
  { text = '{"order":"A1"}', signal = new AbortController().signal } = {},
): Promise<Called> {
  const alerts: string[] = [];
  const own = createOwnTools({ tools: [defineTool(described(overrides))], alert: (message) => alerts.push(message) });
  const [offered] = await own.offer('default');
  const tool = offered === undefined ? undefined : own.find(offered, 'default');
  if (tool === undefined) throw new Error('it is not offered');
  const context = { taskId: toTaskId('t'), callId: 'c', idempotencyKey: 't/1/c', workspace: '/w', signal };
  return { end: await tool.run({ kind: 'json', text }, context), alerts };
}

/** What a file without types may hold. */
function untyped(keys: object): ToolDescription<Args> {
  return { ...described(), ...keys };
}

describe('a description', () => {
  test('is what the model is told, and careful where it says nothing', async () => {
    const own = createOwnTools({ tools: [defineTool(described())], alert: () => undefined });

    expect(await own.offer('default')).toEqual([
      {
        definition: {
          name: 'find_order',
          description: 'Finds an order.',
          form: {
            kind: 'function',
            parameters: {
              type: 'object',
              properties: {
                order: { type: 'string', description: 'Its number.' },
                most: { type: 'integer', default: 3, minimum: -9007199254740991, maximum: 9007199254740991 },
              },
              required: ['order'],
            },
          },
        },
        risk: 'external',
        retryClass: 'external',
      },
    ]);
  });

  test.each([
    ['a space in its name', { name: 'find order' }, 'tool "find order": its name must be 1 to 64 letters, digits, "_" and "-"'],
    ['too long a name', { name: 'x'.repeat(65) }, 'its name must be'],
    ['a number for a name', { name: 7 }, 'tool 7: its name must be'],
    ['the name of a server’s tool', { name: 'mcp__a__b' }, 'names that begin with mcp__ are those of MCP servers: rename it'],
    ['nothing to say', { description: ' ' }, 'its description is missing'],
    ['too much to say', { description: 'x'.repeat(1_025) }, 'its description must have at most 1024 characters'],
    ['no run', { run: undefined }, 'its run is no function'],
    ['parameters without a schema', { parameters: { order: 'string' } }, 'its parameters must be a z.object(…) of zod 4'],
    ['parameters that are text', { parameters: z.string() }, 'its parameters must be a z.object(…) of zod 4'],
    [
      'parameters that no JSON is',
      { parameters: z.object({ on: z.date() }) },
      'no JSON schema can be made of its parameters: Date cannot be represented',
    ],
    ['an unknown risk', { risk: 'low' }, 'its risk must be one of none, workspace, external'],
    ['an unknown retry class', { retryClass: 'often' }, 'its retryClass must be one of read-only, workspace, external'],
    ['a risk below its retry class', { risk: 'none', retryClass: 'workspace' }, 'so that its risk cannot be none'],
    ['no time at all', { timeoutMs: 0 }, 'its timeoutMs must be above 0 and at most 6600000'],
  ])('with %s is refused where it is written', (_, keys, words) => {
    expect(() => defineTool(untyped(keys))).toThrow(words);
  });
});

describe('a call', () => {
  test('is given its arguments as the schema has them, and what is known of it', async () => {
    const seen: unknown[] = [];

    await call({
      run(args, { signal: _signal, ...context }) {
        seen.push(args, context);
        return '';
      },
    });

    expect(seen).toEqual([
      { order: 'A1', most: 3 },
      { taskId: 't', callId: 'c', idempotencyKey: 't/1/c', workspace: '/w' },
    ]);
  });

  test('waits for a schema that has to ask', async () => {
    const asks = parameters.refine(async ({ order }) => order !== 'A1', 'there is no such order');

    expect((await call({ parameters: asks })).end).toMatchObject({
      outcome: 'refused',
      output: expect.stringContaining('there is no such order'),
    });
  });

  test.each([
    ['is no JSON', '{"order"', 'not valid JSON'],
    ['is no object', '7', 'expected object'],
    ['lacks a field', '{}', 'order: Invalid input: expected string, received undefined. Its fields are: order, most.'],
  ])('whose input %s is refused in words, and nothing runs', async (_, text, words) => {
    const run = () => Promise.reject(new Error('it ran'));

    expect((await call({ run }, { text })).end).toMatchObject({ outcome: 'refused', output: expect.stringContaining(words) });
  });

  test.each([
    ['text', 'found', { outcome: 'ok', output: 'found' }],
    ['an output', { output: 'none', outcome: 'failed' }, { outcome: 'failed', output: 'none' }],
    [
      'pictures',
      { output: '', images: [{ mediaType: 'image/png', base64: 'AAAA' }] },
      { outcome: 'ok', output: '', images: [{ mediaType: 'image/png', base64: 'AAAA' }] },
    ],
    ['half a character', 'a\ud800', { outcome: 'ok', output: 'a\ufffd' }],
  ] as const)('answers %s', async (_, answer, end) => {
    expect((await call({ run: () => answer })).end).toEqual(end);
  });

  test('that answers more than a model should read is cut in the middle', async () => {
    const { end } = await call({ run: () => `begin${'x'.repeat(200_000)}end` });

    expect(end.output.length).toBeLessThan(41_000);
    expect(end.output).toMatch(/^Warning: truncated output[^]*begin[^]*tokens truncated[^]*end$/);
  });

  test.each([
    ['nothing', undefined],
    ['a number', 7],
    ['an object of its own', { found: true }],
    ['a picture that is none', { output: '', images: [{ mediaType: 'image/svg+xml', base64: 'AAAA' }] }],
  ])('that answers %s says so, to the model and to the operator', async (_, answer) => {
    const { end, alerts } = await call({ ...untyped({ run: () => answer }) });

    expect(end).toMatchObject({ outcome: 'failed', output: expect.stringContaining('find_order ran to its end, but') });
    expect(alerts).toEqual([expect.stringContaining('tool find_order answered with something that is no answer of a tool')]);
  });

  test('that breaks tells the operator why, and the model only that it did', async () => {
    const { end, alerts } = await call({ run: () => Promise.reject(new Error('postgres://me:secret@db: refused')) });

    expect(end).toEqual({
      outcome: 'failed',
      output:
        'find_order broke; its operator is told why. It may have done a part of its work: find out what, before you repeat it.',
    });
    expect(alerts).toEqual([expect.stringContaining('tool find_order broke: Error: postgres://me:secret@db')]);
  });

  test('that throws a ToolError tells the model what its author wrote', async () => {
    const run = () => {
      throw new ToolError('There is no order A1.');
    };

    expect(await call({ run })).toEqual({ end: { outcome: 'failed', output: 'There is no order A1.' }, alerts: [] });
  });

  test.each([
    ['external', 'unknown', 'find out what, before you repeat it'],
    ['workspace', 'failed', 'look at them before you go on'],
    ['read-only', 'failed', 'You may try again'],
  ] as const)('of class %s that ends only when its time is over is %s', async (retryClass, outcome, words) => {
    const run: ToolDescription<Args>['run'] = (_args, { signal }) =>
      new Promise((_done, fail) => signal.addEventListener('abort', () => fail(new Error('stopped'))));

    const { end, alerts } = await call({ retryClass, timeoutMs: 20, run });

    expect(end).toMatchObject({ outcome, output: expect.stringContaining(words) });
    expect(end.output).toContain('did not end within 0.02 s');
    expect(alerts).toEqual([]);
  });

  test('that heeds no signal is left behind', async () => {
    const { end } = await call({ timeoutMs: 20, run: () => new Promise<string>(() => undefined) });

    expect(end.outcome).toBe('unknown');
  });

  test('that is cancelled breaks for nobody', async () => {
    const { alerts } = await call({ run: (_args, { signal }) => Promise.reject(signal.reason) }, { signal: AbortSignal.abort() });

    expect(alerts).toEqual([]);
  });
});
