/** Servers that speak the protocol badly: the rest of a worker goes on, and everybody is told what they can do with. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { McpServerSettings } from '../../activities/mcp/mcp-server-settings.ts';
import { scratchFolder } from '../tools/tool-scene.ts';
import type { McpScene } from './mcp-scene.ts';
import { anMcpScene } from './mcp-scene.ts';

const LIAR = fileURLToPath(new URL('lying-server.ts', import.meta.url));

function aLiar(how: string, overrides: Partial<McpServerSettings> = {}): McpScene & { readonly folder: string } {
  const folder = scratchFolder();
  const readEnvironment = () => ({ PATH: process.env['PATH'] ?? '' });
  const address = {
    kind: 'stdio',
    command: process.execPath,
    args: [LIAR, how, folder],
    workingDirectory: '/',
    readEnvironment,
  } as const;
  return { ...anMcpScene({ address, ...overrides }), folder };
}

describe('a server has no tools', () => {
  test.each([
    ['ends at once', 'ends', 'it ended with code 7'],
    ['says nothing', 'mute', 'it does not answer in time'],
    ['is of another time', 'another-time', 'it sends what is no answer'],
    ['greets with something else', 'no-greeting', 'it sends what is no answer'],
    ['lists what is no list', 'no-list', 'it sends what is no answer'],
    ['lists without an end', 'no-end', 'the connection ended'],
  ])('when it %s', async (_, how, words) => {
    const { names, alerts } = aLiar(how, how === 'mute' ? { startMs: 1_500 } : {});

    expect(await names()).toEqual([]);
    expect(alerts).toEqual([`MCP server trial: ${words}; tasks are opened without its tools`]);
  });

  test('when it does not claim to have any', async () => {
    const { names, alerts } = aLiar('no-tools');

    expect(await names()).toEqual([]);
    expect(alerts).toEqual([]);
  });
});

test('a server that cannot be started is not tried at every turn', async () => {
  const { names, call, folder, alerts } = aLiar('ends');

  await Promise.all([names(), names()]);
  await names();

  await expect(call('good')).rejects.toThrow('good is not offered');
  expect(readFileSync(join(folder, 'starts'), 'utf8')).toBe('.');
  expect(alerts).toHaveLength(4);
});

describe('a server has the tools that can be used', () => {
  test.each([
    ['long-names', ['mcp__trial__good'], 1],
    ['bad-schemas', ['mcp__trial__b', 'mcp__trial__good'], 2],
    ['circle', ['mcp__trial__good'], 1],
    ['chatters', ['mcp__trial__good'], 0],
  ])('of a server of %s', async (how, expected, leftOut) => {
    const { names, alerts } = aLiar(how);

    expect(await names()).toEqual(expected);
    expect(await names()).toEqual(expected);
    expect(alerts).toHaveLength(leftOut);
    expect(alerts.every((alert) => alert.includes('tool left out') && alert.length < 500)).toBe(true);
  });

  test('and no more of them than anybody has', async () => {
    expect(await aLiar('many').names()).toHaveLength(2_000);
  });
});

describe('a call', () => {
  test.each([
    ['is answered under another id', 'wrong-ids'],
    ['is never answered', 'silent'],
    ['is answered by no result', 'no-result'],
  ])('that %s is known to nobody', async (_, how) => {
    const { call } = aLiar(how, { callMs: 300 });

    expect(await call('good')).toEqual({ outcome: 'unknown', output: expect.stringContaining('did not answer in time') });
  });

  test('that is answered by something of no use says so', async () => {
    expect(await aLiar('no-content').call('good')).toEqual({
      outcome: 'failed',
      output: 'The tool ran, but its server answered with something that is no result.',
    });
  });

  test.each(['twice', 'asks'])('is answered once by a server that %s', async (how) => {
    const { call } = aLiar(how);

    expect(await call('good')).toEqual({ outcome: 'ok', output: 'well' });
    expect(await call('good')).toEqual({ outcome: 'ok', output: 'well' });
  });
});
