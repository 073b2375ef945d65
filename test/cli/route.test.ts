/** `anyport route` as a person runs it, over the built-in catalog: facts of days that have passed do not change any more. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { RecordedDecision } from '../../activities/eligibility/record-decision.ts';
import { scratchDirectory } from '../dev/scratch-directory.ts';
import { runAnyport, runProgram } from './support/run-anyport.ts';

const ROUTE = fileURLToPath(new URL('../../workers/route.ts', import.meta.url));

const TENANTS = `
tenants:
  default: {}
  europe: { standardCloud: aws, residency: { processing: [eu] } }
`;
const ENDPOINTS = `
endpoints:
  direct: { cloud: openai, auth: { apiKeyEnv: ABSENT_KEY }, deployments: { gpt-6-sol: gpt-6-sol } }
  mantle:
    cloud: aws
    surface: bedrock-mantle
    region: us-east-1
    auth: { bearerTokenEnv: ABSENT_TOKEN }
    deployments: { gpt-6-sol: openai.gpt-6-sol }
`;

describe('the examples of the facts', () => {
  test('a tenant of AWS in the EU gets nothing on 2026-11-22, and every reason of each', async () => {
    const { code, stdout, decision } = await ask(['--model', 'gpt-6-sol', '--tenant', 'europe', '--as-of', '2026-11-22']);

    expect(code).toBe(1);
    expect(decision.outcome).toBe('none-eligible');
    expect(codesOf(decision, 'aws/commercial/bedrock-runtime/global/gpt-6-sol')).toEqual([
      'RESIDENCY_PROCESSING',
      'SCOPE_TOO_WIDE',
    ]);
    expect(codesOf(decision, 'aws/commercial/bedrock-mantle/us-east-1/gpt-6-sol')).toEqual(['RESIDENCY_PROCESSING']);
    expect(codesOf(decision, 'azure/commercial/foundry/eu/gpt-6-sol')).toEqual(['NOT_OFFERED']);
    expect(stdout).toContain('nobody may serve it');
    expect(stdout).toMatch(/SCOPE_TOO_WIDE {2}asked: geo at most; is: global/);
    expect(stdout).toMatch(/expected under first-ship \(ms-first-ship-2026-04-27\), which is no evidence; confirm with\s+azure/);
    expect(stdout).toContain('Nearest: ');
  });

  test('GPT-6.2 Sol is sold by OpenAI alone the day after its launch', async () => {
    const { code, stdout, decision } = await ask(['--model', 'gpt-6.2-sol', '--as-of', '2026-11-18']);

    expect(code).toBe(0);
    expect(decision.eligible.map(({ offeringId }) => offeringId)).toEqual(['openai/commercial/api/global/gpt-6.2-sol']);
    expect(codesOf(decision, 'aws/commercial/bedrock-runtime/global/gpt-6.2-sol')).toEqual(['NOT_YET']);
    expect(codesOf(decision, 'google/commercial/agent-platform/global/gpt-6.2-sol')).toContain('NOT_YET');
    expect(codesOf(decision, 'azure/commercial/foundry/global/gpt-6.2-sol')).toContain('EVIDENCE_TOO_WEAK');
    expect(stdout).toContain('there is nowhere to fail over to (single-no-failover)');
    expect(stdout).toMatch(/EVIDENCE_TOO_WEAK {2}asked: at least multi-third-party; is: single-third-party/);
    expect(stdout).toMatch(/source: https:\S+ \(single-third-party, seen on\s+2026-11-17\)/);
    expect(stdout).toMatch(/against it: https:/);
  });

  test.each([
    [
      '2026-07-20',
      false,
      /^ +CONTEXT_TOO_SMALL {2}asked: room for 508192 tokens; is: a context of 272000; clears on 2026-08-03/m,
    ],
    ['2026-08-04', true, /^1 +aws\/commercial\/bedrock-mantle\/ +ga +in-region/m],
  ])('half a million tokens of GPT-5.6 Sol fit into AWS on %s: %s', async (day, fits, words) => {
    const { stdout, decision } = await ask(['--model', 'gpt-5.6-sol', '--input-tokens', '500000', '--as-of', day]);
    const offering = 'aws/commercial/bedrock-mantle/us-east-1/gpt-5.6-sol';

    expect(decision.eligible.some(({ offeringId }) => offeringId === offering)).toBe(fits);
    expect(codesOf(decision, offering)).toEqual(fits ? [] : ['CONTEXT_TOO_SMALL']);
    expect(stdout).toContain('Asked: 500000 tokens in and 8192 out, 1 day');
    expect(stdout).toMatch(words);
  });

  test('an agent with subagents is managed by OpenAI alone', async () => {
    const args = ['--model', 'gpt-6-sol', '--product', 'managed-agent', '--needs', 'subagents', '--as-of', '2026-11-22'];
    const { code, stdout, decision } = await ask(args);

    expect(code).toBe(0);
    expect(decision.eligible.map(({ offeringId }) => offeringId)).toEqual(['openai/commercial/agents-api/global/gpt-6-sol']);
    expect(codesOf(decision, 'aws/commercial/bedrock-managed-agents/us-east-1/gpt-6-sol')).toContain('CAPABILITY_MISSING');
    expect(stdout).toContain('no endpoint is configured: the catalog alone was asked');
    expect(stdout).toContain('CAPABILITY_MISSING  asked: subagents; is: not there');
  });
});

test('the JSON is the decision with all that it rests on, and the same bytes again', async () => {
  const args = ['route', '--json', '--model', 'gpt-6-sol', '--as-of', '2026-11-22', '--config', write(TENANTS)];

  const [first, second] = [await runAnyport(args), await runAnyport(args)];

  const decision = JSON.parse(first.stdout) as RecordedDecision; // the program under test has written it
  expect(first.stdout.trim().split('\n')).toHaveLength(1);
  expect(second.stdout).toBe(first.stdout);
  expect(first.stderr).toBe('');
  expect(decision).toMatchObject({ asOf: '2026-11-22', knownAt: '2026-11-22T00:00:00.000Z', outcome: 'ok', engineVersion: '1' });
  expect(decision).toMatchObject({ id: expect.any(String), catalogDigest: expect.any(String), policyDigest: expect.any(String) });
  expect(Object.keys(decision)).toEqual(expect.arrayContaining(['eligible', 'excluded', 'nearestMiss']));
});

test('nothing was known before anything was recorded', async () => {
  const args = ['--model', 'gpt-6-sol', '--as-of', '2026-11-22', '--known-at', '2026-01-01T01:00:00+01:00'];
  const { code, decision } = await ask(args);

  expect(code).toBe(1);
  expect(decision.knownAt).toBe('2026-01-01T00:00:00.000Z');
});

describe('with endpoints', () => {
  test('the route is theirs, secrets or not, and what has no endpoint says so', async () => {
    const { code, stdout, decision } = await ask(['--model', 'gpt-6-sol', '--as-of', '2026-11-22'], ENDPOINTS);

    expect(code).toBe(0);
    expect(decision.eligible.map(({ deploymentId }) => deploymentId)).toEqual(['mantle/gpt-6-sol', 'direct/gpt-6-sol']);
    expect(stdout).toMatch(/^0 +mantle\/gpt-6-sol +ga +in-region +\$\d+\.\d{4} +retry-same-/m);
    expect(stdout).not.toContain('the catalog alone was asked');
    expect(codesOf(decision, 'aws/commercial/bedrock-runtime/global/gpt-6-sol')).toEqual(['NOT_CONFIGURED']);
  });

  test('--catalog-only asks as if there were none', async () => {
    const args = ['--model', 'gpt-6-sol', '--as-of', '2026-11-22', '--catalog-only'];
    const { stdout, decision } = await ask(args, ENDPOINTS);

    expect(decision.eligible.every(({ deploymentId }) => deploymentId === undefined)).toBe(true);
    expect(stdout).toContain('as --catalog-only says: the catalog alone was asked');
  });
});

test("an operator's facts are marked, and do nothing to the terminal", async () => {
  const config = `
catalog:
  offerings:
    - surface: azure/commercial/foundry
      places: [eu]
      model: gpt-6-sol
      stage: [{ value: private-preview, from: "2026-10-01", sources: [{ url: "our \\e[31maccount\\u202e manager", seenOn: "2026-11-20" }] }]
      entitlement: [{ value: allowlist, from: "2026-10-01", sources: [{ url: mail, seenOn: "2026-11-20" }] }]
`;
  const { stdout, decision } = await ask(['--model', 'gpt-6-sol', '--as-of', '2026-11-22'], config);

  const [reason] =
    decision.excluded.find(({ offeringId }) => offeringId === 'azure/commercial/foundry/eu/gpt-6-sol')?.reasons ?? [];
  expect(reason).toMatchObject({ code: 'NOT_ENTITLED', by: 'operator' });
  expect(stdout).toContain("source: mail (operator, seen on 2026-11-20) (operator's fact)");
  const shown = await runAnyport(['catalog', 'show', 'azure/commercial/foundry/eu/gpt-6-sol', '--config', write(config)]);
  expect(shown.stdout).toContain('our account manager');
  expect(shown.stdout).not.toMatch(/[\u001b\u202e]/);
});

test('a tie that the contract breaks is told as such', async () => {
  const same = '{ inputUsdPerMillion: 1, outputUsdPerMillion: 1 }';
  const stage = 'stage: [{ value: ga, from: "2026-10-01", sources: [{ url: mail, seenOn: "2026-11-20" }] }]';
  const price = `price: [{ value: ${same}, from: "2026-10-01", sources: [{ url: mail, seenOn: "2026-11-20" }] }]`;
  const config = `
catalog:
  offerings:
    - { surface: aws/commercial/bedrock-runtime, places: [global], model: new-model, ${stage}, ${price} }
    - { surface: azure/commercial/foundry, places: [global], model: new-model, ${stage}, ${price} }
`;
  const { stdout } = await ask(['--model', 'new-model', '--as-of', '2026-11-22'], config);

  expect(stdout).toContain('Order: 0 before 1 by first-ship (the contract term ms-first-ship-2026-04-27 breaks the tie)');
});

test('everything that can break a line stays within 120 columns', async () => {
  const { stdout } = await ask(['--model', 'gpt-6-sol', '--as-of', '2026-11-22']);

  const long = stdout.split('\n').filter((line) => line.length > 120 && !/^ *(source|against it): \S+$/.test(line));
  expect(long).toEqual([]);
});

describe('wrong use', () => {
  test.each([
    [['--as-of', '2026-02-30'], /'2026-02-30' is invalid.*a day that the calendar has/],
    [['--known-at', 'yesterday'], /'yesterday' is invalid.*a time with its zone/],
    [['--known-at', '2026-02-30T00:00:00Z'], /is invalid.*a time with its zone/],
    [['--product', 'modle'], /'modle' is invalid.*model, codex, codex-cloud, managed-agent/],
    [['--needs', 'tools,bakground'], /no capability "bakground" \(nearest: background/],
    [['--input-tokens', '-1'], /'-1' is invalid.*a whole number, 0 or more/],
    [['--output-tokens', '1e3'], /'1e3' is invalid/],
    [['--days', '0'], /'0' is invalid.*1 or more/],
    [['--tenant', 'euorpe'], /there is no tenant "euorpe": use one that is there \(nearest: europe/],
    [['--no-such-option'], /unknown option/],
  ])('%s is told and ends with 2', async (args, words) => {
    const { code, stdout, stderr } = await runProgram([ROUTE, '--model', 'gpt-6-sol', '--config', write(TENANTS), ...args]);

    expect(stderr).toMatch(words);
    expect(code).toBe(2);
    expect(stdout).toBe('');
  });

  test('a model that nobody knows is still decided on, with the names that are near', async () => {
    const { code, stderr, decision } = await ask(['--model', 'gpt-6-sool']);

    expect(code).toBe(1);
    expect(stderr).toContain('knows a model "gpt-6-sool": check its name (nearest: gpt-6-sol');
    expect(decision.outcome).toBe('none-eligible');
  });

  test('a mistake in the configuration is told with its place', async () => {
    const config = write('tenants: { default: { standardCloud: azur } }');

    const { code, stderr } = await runAnyport(['route', '--model', 'gpt-6-sol', '--config', config]);

    expect(code).toBe(2);
    expect(stderr).toMatch(/anyport\.yaml:1:\d+: .*standardCloud/);
  });

  test('the help names the exit codes', async () => {
    const { code, stdout } = await runAnyport(['route', '--help']);

    expect(code).toBe(0);
    expect(stdout).toContain('0 somebody may serve · 1 nobody may · 2 wrong use');
  });
});

/** In both forms; they have the same exit code. */
async function ask(args: readonly string[], config = TENANTS) {
  const all = [ROUTE, ...args, '--config', write(config)];
  const [{ code, stdout, stderr }, json] = await Promise.all([runProgram(all), runProgram([...all, '--json'])]);
  if (json.stdout === '') throw new Error(json.stderr);
  expect(json.code).toBe(code);
  return { code, stdout, stderr, decision: JSON.parse(json.stdout) as RecordedDecision }; // the program under test has written it
}

function write(config: string): string {
  const path = join(scratchDirectory(), 'anyport.yaml');
  writeFileSync(path, config);
  return path;
}

function codesOf({ excluded }: RecordedDecision, offering: string): readonly string[] {
  return excluded.find(({ offeringId }) => offeringId === offering)?.reasons.map(({ code }) => code) ?? [];
}

describe('what a task asks beyond its tenant', () => {
  test('narrows the route as it would for the task', async () => {
    const args = ['--model', 'gpt-6-sol', '--as-of', '2026-11-22', '--residency', 'us', '--failover', 'none', '--clouds', 'aws'];
    const { code, decision } = await ask(args);

    expect(code).toBe(0);
    expect(decision.eligible.map(({ offeringId }) => offeringId).toSorted()).toEqual([
      'aws/commercial/bedrock-mantle/us-east-1/gpt-6-sol',
      'aws/commercial/bedrock-runtime/us/gpt-6-sol',
    ]);
    expect(decision.outcome).toBe('single-no-failover');
    expect(codesOf(decision, 'openai/commercial/api/global/gpt-6-sol')).toEqual(
      expect.arrayContaining(['TENANT_DENY', 'SCOPE_TOO_WIDE']),
    );
  });

  test.each([
    [['--residency', 'mars'], 'nobody knows "mars"'],
    [['--clouds', 'asure'], 'There is no cloud "asure" (nearest: azure'],
    [['--tenant', 'europe', '--residency', 'us'], 'residency.processing: us is not within eu'],
  ])('is wrong use with %j', async (args, words) => {
    const config = write(TENANTS);
    const { code, stderr } = await runProgram([ROUTE, '--model', 'gpt-6-sol', '--config', config, ...args]);

    expect({ code, told: stderr.includes(words) }).toEqual({ code: 2, told: true });
  });
});
