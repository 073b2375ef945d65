/** What can be configured is in `docs/configuration.md`: keys by the schema, variables by the code that reads them. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { configSchema } from '../../workers/config-schema.ts';
import { listProjectFiles, readProjectFile } from './project-files.ts';

const CODE = /^(?:activities|client|workers|workflows|scripts)\/(?!demo\/repository\/).*\.m?ts$|^scripts\/.*\.mjs$/;
/** A name in quotes of its own or read off an environment; within a sentence it is only spoken of. */
const READ = /(?:['"]|\benv(?:ironment)?\.)((?:ANYPORT|AZURE|OPENAI|AWS|GOOGLE|TEMPORAL)_[A-Z0-9_]*[A-Z0-9])\b/g;
const COMPOSED = /\$\{([A-Z_]+)|^ {2}([A-Z_]+):$/gm;

const documented = new Set(
  [...readProjectFile('docs/configuration.md').matchAll(/`([A-Za-z_]+)`/g)].map(([, name = '']) => name),
);

test('every variable that the code reads is in the document', () => {
  const read = listProjectFiles()
    .filter((file) => CODE.test(file))
    .flatMap((file) => [...readProjectFile(file).matchAll(READ)].map(([, name = '']) => name));

  expect(read).toContain('ANYPORT_TEMPORAL_MIRROR');
  expect(read).toContain('AZURE_OPENAI_DEPLOYMENTS');
  expect([...new Set(read)].filter((name) => !documented.has(name))).toEqual([]);
});

test('every variable that the compose file hands on is in the document', () => {
  const named = [...readProjectFile('docker-compose.yml').matchAll(COMPOSED)].map(([, used, handed]) => used ?? handed ?? '');

  expect(named).toContain('ANYPORT_REPOSITORIES');
  expect(named).toContain('AWS_SESSION_TOKEN');
  expect([...new Set(named)].filter((name) => !documented.has(name))).toEqual([]);
});

test('every key of anyport.yaml is in the document and in the example', () => {
  const keys = keysOf(z.toJSONSchema(configSchema, { io: 'input' }));
  const example = readProjectFile('anyport.example.yaml');

  expect(keys).toContain('cachedInputUsdPerMillion');
  expect(keys.filter((key) => !documented.has(key) || !example.includes(key))).toEqual([]);
});

/** The names of all properties, wherever they are. */
function keysOf(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) => {
    const names = key === 'properties' && typeof value === 'object' && value !== null ? Object.keys(value) : [];
    return [...names, ...keysOf(value)];
  });
}
