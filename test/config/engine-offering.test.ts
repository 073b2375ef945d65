/** What an operator is told of an engine that no fact knows, and what the document says to write. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { stringify, parse } from 'yaml';
import { loadConfig } from '../../workers/config.ts';
import { askRoute } from '../../workers/eligibility/ask-route.ts';
import { placedDeployments } from '../../workers/endpoints.ts';
import { readProjectFile } from '../structure/project-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'anyport-engine-'));
afterAll(() => rmSync(folder, { recursive: true }));

const DAY = '2026-11-30';
const STRICT = { tenants: { default: { minStage: { 'managed-agent': 'ga' } } } };
const [, example = ''] = /\*\*Agent Engine\*\*.*?```yaml\n(.*?)```/s.exec(readProjectFile('docs/configuration.md')) ?? [];
const { endpoints, catalog } = parse(example) as { endpoints: object; catalog: object }; // of the document

function ask(config: object) {
  const file = join(folder, 'anyport.yaml');
  writeFileSync(file, stringify(config));
  const loaded = loadConfig({ file, environment: {}, workingDirectory: folder });
  const flags = { model: 'gpt-6.1-sol', product: 'managed-agent', tenant: 'default', asOf: DAY } as const;
  const asked = { ...flags, inputTokens: 1_000, outputTokens: 1_000, days: 1 };
  const nowMs = Date.parse(`${DAY}T12:00:00Z`);
  const { decision } = askRoute(asked, { config: loaded, placed: placedDeployments(loaded), nowMs });
  return {
    eligible: decision.eligible.map(({ deploymentId, warnings }) => [deploymentId, warnings.map(({ code }) => code)]),
    excluded: decision.excluded.find(({ deploymentId }) => deploymentId === 'engine/gpt-6.1-sol')?.reasons ?? [],
  };
}

test('may serve as it is configured, with a warning', () => {
  expect(ask({ endpoints }).eligible).toEqual([['engine/gpt-6.1-sol', ['NOT_OFFERED']]]);
});

test('is excluded where a stage is asked for, and what to write is told', () => {
  const { excluded } = ask({ endpoints, ...STRICT });

  const told = excluded.find(({ code }) => code === 'STAGE_TOO_LOW')?.remedy ?? '';
  const [, entry = ''] = /add (\{.*\}) to catalog\.offerings/.exec(told) ?? [];
  const written = { offerings: [parse(entry.replace('WHO SAYS SO', 'us')) as unknown] };
  expect(ask({ endpoints, catalog: written, ...STRICT }).eligible).toEqual([['engine/gpt-6.1-sol', []]]);
});

test('may serve without a word against it as the document configures it', () => {
  expect(ask({ endpoints, catalog, ...STRICT }).eligible).toEqual([['engine/gpt-6.1-sol', []]]);
});
