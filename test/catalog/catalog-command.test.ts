/** `anyport catalog` as a person runs it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { loadCatalog } from '../../activities/catalog/load-catalog.ts';
import { jsonLines, runAnyport, runProgram } from '../cli/support/run-anyport.ts';

const CATALOG = fileURLToPath(new URL('../../workers/catalog.ts', import.meta.url));
const DIRECTORY = mkdtempSync(join(tmpdir(), 'anyport-test-'));
afterAll(() => rmSync(DIRECTORY, { recursive: true, force: true }));

const OFFERING = 'aws/commercial/bedrock-runtime/us/gpt-5.6-sol';

describe('list', () => {
  test('has one row for each offering that passes the filters, as it was on that day', async () => {
    const filters = ['--model', 'gpt-5.6-sol', '--cloud', 'aws', '--product', 'model'];
    const { code, stdout } = await run('list', ...filters, '--as-of', '2026-08-20', '--json');

    const listed = jsonLines(stdout);
    expect(code).toBe(0);
    expect(listed.map(({ seller, model, product }) => `${String(seller)} ${String(model)} ${String(product)}`)).toEqual(
      listed.map(() => 'aws gpt-5.6-sol model'),
    );
    expect(listed.find(({ id }) => id === OFFERING)).toMatchObject({ stage: 'ga', since: '2026-08-17', entitlement: 'open' });
  });

  test('has every offering without a filter', async () => {
    const { stdout } = await run('list', '--json');

    expect(jsonLines(stdout)).toHaveLength([...loadCatalog().catalog.offerings.values()].flat().length);
  });

  test('is a table for people within 120 columns', async () => {
    const { stdout } = await run('list', '--as-of', '2026-11-22');

    expect(stdout).toMatch(/^offering +stage, since +entitlement +\$\/million +tokens +retires$/m);
    expect(stdout).toMatch(/^openai\/commercial\/api\/global\/gpt-6-sol +ga +open +\$2\.00 in/m);
    expect(stdout.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });

  test('knows less the earlier it is asked', async () => {
    const { stdout } = await run('list', '--model', 'gpt-6-sol', '--known-at', '2026-01-01T00:00:00Z', '--json');

    expect(jsonLines(stdout).map(({ stage }) => stage)).toEqual(jsonLines(stdout).map(() => null));
  });

  test('names what is near a model that it does not have', async () => {
    const { code, stdout, stderr } = await run('list', '--model', 'gpt-6-sool');

    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain('nearest: gpt-6-sol');
  });
});

describe('show', () => {
  test('tells every fact of every list, with where it is from', async () => {
    const { code, stdout } = await run('show', OFFERING);

    expect(code).toBe(0);
    for (const title of ['stage', 'entitlement', 'limits', 'price', 'retirement', 'capability tools', 'retention']) {
      expect(stdout).toMatch(new RegExp(`^${title}`, 'm'));
    }
    expect(stdout).toContain('input $5.5, cached input $0.55, output $33');
    expect(stdout).toContain('context tokens 272000 from 2026-07-13 until 2026-08-03');
    expect(stdout).toMatch(/source: https:\S+ \(vendor-doc, seen on\s+2026-\d\d-\d\d\)/);
    expect(stdout).toMatch(/against it: https:/);
  });

  test('tells what holds of its whole surface', async () => {
    const { stdout } = await run('show', 'openai/commercial/api/global/gpt-6-sol');

    expect(stdout).toMatch(/^compliance soc2\n {2}yes /m);
    expect(stdout).toMatch(/^retention\n {2}zero retention on-approval, default days 30/m);
  });

  test('tells the contract terms that name its seller', async () => {
    const { stdout } = await run('show', 'azure/commercial/foundry/global/gpt-5.6-sol');

    expect(stdout).toContain('contract term ms-first-ship-2026-04-27');
    expect(stdout).toContain('favours azure');
    expect(stdout).toMatch(/does not bind when all of these hold:\s+cannot-support, chooses-not-to-support/);
  });

  test('has as JSON all of what it is made of', async () => {
    const { stdout } = await run('show', OFFERING, '--json');

    expect(jsonLines(stdout)).toMatchObject([
      { offering: { id: OFFERING, surface: { seller: 'aws' } }, terms: expect.any(Array) },
    ]);
  });

  test('names the nearest ids when there is none, and ends with 2', async () => {
    const { code, stdout, stderr } = await run('show', 'aws/commercial/bedrock-runtime/us/gpt-5.6-sool');

    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`nearest are ${OFFERING}`);
  });
});

describe('check', () => {
  test('counts and names what is stale, contradicted or weak, and ends with 0', async () => {
    const { code, stdout } = await run('check', '--as-of', '2027-06-01');

    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+ facts were last looked at too long before 2027-06-01$/m);
    expect(stdout).toMatch(/^of \d+ facts a source says otherwise$/m);
    expect(stdout).toMatch(/^\d+ facts are known less well than the default policy asks for$/m);
  });

  test('names entitlements that have ended', async () => {
    const entitlements = '[{ offering: "openai/*", to: "2026-10-01" }, { offering: "aws/*" }]';
    const config = write('entitled.yaml', `tenants: { acme: { entitlements: ${entitlements} } }`);

    const { code, stdout } = await run('check', '--as-of', '2026-11-22', '--json', '--config', config);

    expect(code).toBe(0);
    expect(jsonLines(stdout)[0]).toMatchObject({
      asOf: '2026-11-22',
      endedEntitlements: [{ tenant: 'acme', offering: 'openai/*', to: '2026-10-01' }],
    });
  });

  test("ends with 1 when the operator's facts have a mistake", async () => {
    const offering = '{ surface: aws/commercial/bedrok, places: [us], model: m }';
    const config = write('mistaken.yaml', `catalog: { offerings: [${offering}] }`);

    const { code, stdout, stderr } = await run('check', '--config', config);

    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/mistaken\.yaml:1:\d+: .*there is no surface "aws\/commercial\/bedrok"/);
  });
});

test.each([
  [[], /Usage: anyport catalog/],
  [['lst'], /unknown command 'lst'/],
  [['list', '--as-of', '2026-13-01'], /'2026-13-01' is invalid/],
  [['list', '--cloud', 'aw'], /'aw' is invalid/],
])('%s is wrong use and ends with 2', async (args, words) => {
  const { code, stdout, stderr } = await runAnyport(['catalog', ...args]);

  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(words);
});

/** Without endpoints, unless a configuration is named: it must not find one of whoever runs the tests. */
function run(command: string, ...args: readonly string[]) {
  const isConfigured = args.includes('--config');
  const config = isConfigured ? [] : ['--config', write('empty.yaml', 'tenants: {}')];
  return runProgram([CATALOG, command, ...args, ...config]);
}

function write(name: string, text: string): string {
  const path = join(DIRECTORY, name);
  writeFileSync(path, text);
  return path;
}
