import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ManagedAgentTraits } from '../../activities/managed-agents/managed-agent-client.ts';
import { EMULATED_SERVICES } from './emulated-services.ts';
import { PATIENT } from './scene.ts';

const DOCUMENT = readFileSync(new URL('../../docs/clouds.md', import.meta.url), 'utf8');
/** In the order of the columns. */
const COLUMNS: readonly (keyof ManagedAgentTraits)[] = [
  'functionCalls',
  'mcpApprovals',
  'idempotentInput',
  'readableSessions',
  'findableSessions',
  'namesSessions',
  'cancel',
  'close',
  'savedAgents',
  'subAgents',
  'usage',
];

/** Of a row whose first cell is that code. */
function cellsOf(first: string): readonly string[] {
  const row = DOCUMENT.split('\n').find((line) => line.startsWith(`| \`${first}\` `));
  return (row ?? '')
    .split('|')
    .slice(2, -1)
    .map((cell) => cell.trim());
}

test.each(EMULATED_SERVICES)('docs/clouds.md has the row of $name as its adapter declares it', ({ name, createClient }) => {
  const { traits } = createClient('http://127.0.0.1:9', PATIENT);
  const expected = COLUMNS.map((column) => {
    const value = traits[column];
    return value === true ? 'yes' : value === false ? '-' : value;
  });

  expect(cellsOf(name)).toEqual(expected);
  expect(Object.keys(traits).toSorted()).toEqual(COLUMNS.toSorted());
});

test('docs/clouds.md says what each code of the Agents API means', () => {
  const [openai] = EMULATED_SERVICES.filter(({ name }) => name === 'openai-agents');

  for (const [code, kind] of Object.entries(openai?.turnCodes ?? {}))
    expect([code, ...cellsOf(code)]).toEqual([code, `\`${kind}\``]);
});
