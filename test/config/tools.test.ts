import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { defineTool } from '../../workers/index.ts';
import { loadConfig } from '../../workers/config.ts';
import { loadTools } from '../../workers/load-tools.ts';
import { z } from 'zod';

const EXAMPLE = fileURLToPath(new URL('../../docs/examples/order-tools.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'anyport-tools-'));

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** A module with tools of these names, made without types and without a package to import from. */
function moduleOf(name: string, ...tools: readonly string[]): string {
  const defined = tools.map((tool) => `{ name: '${tool}', description: 'd', parameters: z.object({}), run: () => '' }`);
  const imports = [`import { defineTool } from '${fileURLToPath(new URL('../../workers/index.ts', import.meta.url))}';`];
  imports.push(`import { z } from '${fileURLToPath(import.meta.resolve('zod'))}';`);
  return write(
    name,
    `${imports.join('\n')}\nexport const tools = [${defined.map((each) => `defineTool(${each})`).join(', ')}];\n`,
  );
}

const at = (path: string) => ({ path, place: 'anyport.yaml:3:9' });

test('modules are named from the folder of the file', () => {
  const file = write(
    'deep/anyport.yaml',
    'endpoints:\n  a: { cloud: openai, deployments: { m: x } }\ntools: [./mine.ts, ../ours.mjs]\n',
  );

  const { tools } = loadConfig({ file, environment: {}, workingDirectory: folder });

  expect(tools).toEqual([
    { path: join(folder, 'deep/mine.ts'), place: `${file}:3:9` },
    { path: join(folder, 'ours.mjs'), place: `${file}:3:20` },
  ]);
});

test('the example has two tools', async () => {
  const tools = await loadTools([at(EXAMPLE)]);

  expect(tools.map(({ definition, risk, retryClass }) => [definition.name, risk, retryClass])).toEqual([
    ['cancel_order', 'external', 'external'],
    ['find_order', 'none', 'read-only'],
  ]);
});

test('tools of several modules and of the program come together, each once', async () => {
  const own = defineTool({ name: 'own', description: 'd', parameters: z.object({}), run: () => '' });
  const doubled = write('doubled.mjs', `export { tools } from './one.mjs';\nexport { tools as default } from './one.mjs';\n`);
  moduleOf('one.mjs', 'one');

  const tools = await loadTools([at(doubled), at(moduleOf('two.mjs', 'two'))], [own]);

  expect(tools.map(({ definition }) => definition.name)).toEqual(['one', 'two', 'own']);
});

test.each([
  [
    'is not there',
    () => join(folder, 'none.mjs'),
    /anyport\.yaml:3:9: the tools of .*none\.mjs cannot be loaded: Cannot find module/,
  ],
  ['breaks', () => write('broken.mjs', 'throw new Error("no database");'), /cannot be loaded: no database/],
  ['has a tool of a bad name', () => moduleOf('bad.mjs', 'a b'), /cannot be loaded: tool "a b": its name must be/],
  [
    'has no tool',
    () => write('empty.mjs', 'export const tools = [{ name: "x" }];'),
    /exports no tool: export what defineTool of anyport/,
  ],
  [
    'takes the name of a built-in tool',
    () => moduleOf('clash.mjs', 'read_file'),
    /the tool "read_file" is built in: rename yours/,
  ],
  ['takes the name of a tool for agents', () => moduleOf('agents.mjs', 'spawn_agent'), /the tool "spawn_agent" is built in/],
  ['has a name twice', () => moduleOf('twice.mjs', 'a', 'a'), /the tool "a" is there twice: rename or remove one/],
])('a module that %s is refused', async (_, path, words) => {
  await expect(loadTools([at(path())])).rejects.toThrow(words);
});
