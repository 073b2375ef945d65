/** Who is offered which tools, and what they count as. */
import { describe, expect, test } from 'vitest';
import { isAllowed } from '../../activities/mcp/mcp-tools.ts';
import { createMcpTools } from '../../activities/mcp/mcp-tools.ts';
import { McpServer } from '../../activities/mcp/mcp-server.ts';
import type { McpServerSettings } from '../../activities/mcp/mcp-server-settings.ts';
import type { OfferedTool } from '../../activities/tools/added-tools.ts';

const NO_SERVER = { kind: 'stdio', command: '/no/such', args: [], workingDirectory: '/', readEnvironment: () => ({}) } as const;

function boxOf(overrides: Partial<McpServerSettings> = {}) {
  const settings = {
    name: 'trial',
    address: NO_SERVER,
    startMs: 1,
    callMs: 1,
    deny: [],
    classes: [],
    isRequired: false,
    ...overrides,
  };
  return createMcpTools({ servers: [new McpServer(settings, () => undefined)], alert: () => undefined });
}

function anOffer(overrides: Partial<OfferedTool> = {}): OfferedTool {
  const definition = { name: 'mcp__trial__get', description: '', form: { kind: 'function', parameters: {} } } as const;
  return { definition, risk: 'external', retryClass: 'external', server: { name: 'trial', tool: 'get' }, ...overrides };
}

describe('a tool', () => {
  test.each([
    ['get_issue', ['get_*'], true],
    ['get_', ['get_*'], true],
    ['forget_it', ['get_*'], false],
    ['get_a_secret', ['get_*secret'], true],
    ['secret', ['*secret'], true],
    ['ab', ['ab*b'], false],
    ['abab', ['ab*b'], true],
    ['axbxc', ['a*b*c'], true],
    ['acxb', ['a*b*c'], false],
    ['anything', ['*'], true],
    ['a.b', ['a?b', 'axb'], false],
  ])('%s fits %s: %s', (tool, allow, expected) => {
    expect(isAllowed({ allow, deny: [] }, tool)).toBe(expected);
    expect(isAllowed({ allow: ['*'], deny: allow }, tool)).toBe(!expected);
  });

  test('fits a long pattern without delay', () => {
    expect(isAllowed({ allow: [`${'a*'.repeat(50)}b`], deny: [] }, 'a'.repeat(200_000))).toBe(false);
  });

  test('counts as what its operator says, the first that fits, and as what it was when that was more careful', () => {
    const box = boxOf({
      classes: [
        { pattern: 'get', risk: 'none' },
        { pattern: 'g*', risk: 'external', retryClass: 'read-only' },
      ],
    });

    expect(box.find(anOffer({ risk: 'none', retryClass: 'read-only' }), 'default')).toMatchObject({
      risk: 'none',
      retryClass: 'read-only',
    });
    expect(box.find(anOffer(), 'default')).toMatchObject({ risk: 'external', retryClass: 'external' });
  });

  test.each([
    ['its server is configured no more', anOffer({ server: { name: 'another', tool: 'get' } }), {}],
    ['it is denied by now', anOffer(), { deny: ['get'] }],
    ['it is allowed no more', anOffer(), { allow: ['set'] }],
    ['its server is for other tenants', anOffer(), { tenants: ['acme'] }],
  ])('is not there when %s', (_, offered, settings) => {
    expect(boxOf(settings).find(offered, 'default')).toBeUndefined();
  });

  test('of the worker’s own is none of ours', () => {
    const { server: _server, ...own } = anOffer();

    expect(boxOf().find(own, 'default')).toBeUndefined();
  });
});

test('a server for other tenants is not even started', async () => {
  expect(await boxOf({ tenants: ['acme'], isRequired: true }).offer('default')).toEqual([]);
  await expect(boxOf({ tenants: ['acme'], isRequired: true }).offer('acme')).rejects.toThrow('MCP server trial');
});

test.each([
  ['no JSON', '{"a":', 'not valid JSON'],
  ['no object', '[1]', 'The arguments must be one JSON object.'],
])('a call with %s is refused and never sent', async (_, text, words) => {
  const tool = boxOf().find(anOffer(), 'default');
  const context = { callId: 'c', idempotencyKey: 'k', signal: new AbortController().signal };

  // Only tools of one's own are told of their task.
  expect(await tool?.run({ kind: 'json', text }, { ...context, taskId: 't' as never })).toEqual({
    outcome: 'refused',
    output: expect.stringContaining(words),
  });
});
