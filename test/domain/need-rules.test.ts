import { describe, expect, test } from 'vitest';
import type { Limits, Tri } from '../../workflows/domain/catalog.ts';
import type { Reason } from '../../workflows/domain/reason.ts';
import { aFact, anOffering, aPlacedDeployment, codesOf, reasonsFor } from '../support/catalog-builders.ts';

const URL = 'https://example.com/models';

describe('a capability', () => {
  const can = (value: Tri, overrides: Parameters<typeof aFact>[1] = {}) => ({
    capabilities: { tools: [aFact<Tri>(value, { id: 'page', ...overrides, value })] },
  });
  const need = { capabilities: ['tools'] as const };
  const reason: Reason = {
    code: 'CAPABILITY_MISSING',
    severity: 'hard',
    expected: 'tools',
    actual: 'not known to be there',
    remedy: 'ask for a task that does not need tools',
  };

  test('is there when a fact says so', () => {
    expect(reasonsFor(can('yes'), { need })).toEqual([]);
  });

  test('is not asked for by a task that does not need it', () => {
    expect(reasonsFor(can('no'))).toEqual([]);
  });

  test('is missing when a fact says so', () => {
    expect(reasonsFor(can('no'), { need })).toEqual([{ ...reason, actual: 'not there', facts: ['page'], sources: [URL] }]);
  });

  test('is missing when nothing is known of it, also to a policy that lets the unknown serve', () => {
    const policy = { onUnknown: 'allow-with-warning' as const };

    expect(reasonsFor({}, { need, policy })).toEqual([reason]);
    expect(reasonsFor(can('unknown'), { need, policy })).toEqual([{ ...reason, facts: ['page'], sources: [URL] }]);
  });

  test.each([
    ['2026-11-30', ['CAPABILITY_MISSING']],
    ['2026-12-01', []],
  ])('that comes on 2026-12-01 has on %s the reasons %j', (asOf, codes) => {
    const at = { asOf };
    const facts = {
      capabilities: { tools: [aFact<Tri>('no', { to: '2026-12-01' }), aFact<Tri>('yes', { from: '2026-12-01' })] },
    };

    const reasons = reasonsFor(facts, { need, at, policy: { maxFactAgeDays: { stage: 99, price: 99, compliance: 99 } } });

    expect(codesOf(reasons)).toEqual(codes);
    expect(reasons.map(({ clearsOn }) => clearsOn)).toEqual(codes.map(() => '2026-12-01'));
  });

  test('of a configured endpoint is what its configuration lists', () => {
    const able = aPlacedDeployment({ ownCapabilities: ['tools'] });
    const unable = aPlacedDeployment({ ownCapabilities: [] });

    expect(reasonsFor(can('no'), { need, placed: able })).toEqual([]);
    expect(reasonsFor(can('yes'), { need, placed: unable })).toEqual([
      {
        ...reason,
        actual: 'not among its capabilities',
        remedy: 'ask for a task that does not need tools, or configure an endpoint that has it',
      },
    ]);
  });

  test('of a configured endpoint that lists none is what is known on the day', () => {
    const facts = [aFact<Tri>('yes', { to: '2026-12-01' }), aFact<Tri>('no', { from: '2026-12-01' })];
    const placed = aPlacedDeployment({ deployment: { capabilities: ['tools'] } });
    const codesAt = (asOf: string) => codesOf(reasonsFor({ capabilities: { tools: facts } }, { need, placed, at: { asOf } }));

    expect([codesAt('2026-11-30'), codesAt('2026-12-01')]).toEqual([[], ['CAPABILITY_MISSING']]);
  });

  test('that a configuration does not list rests on no fact, and comes on no day', () => {
    const facts = [aFact<Tri>('no', { to: '2026-12-01' }), aFact<Tri>('yes', { from: '2026-12-01' })];
    const placed = aPlacedDeployment({ ownCapabilities: [] });

    const [found] = reasonsFor({ capabilities: { tools: facts } }, { need, placed });

    expect(found?.code).toBe('CAPABILITY_MISSING');
    expect(['facts', 'sources', 'clearsOn', 'by'].filter((key) => Object.hasOwn(found ?? {}, key))).toEqual([]);
  });

  test('is told for each that is missing', () => {
    const reasons = reasonsFor(can('yes'), { need: { capabilities: ['vision', 'tools', 'mcp'] } });

    expect(reasons.map(({ code, expected }) => [code, expected])).toEqual([
      ['CAPABILITY_MISSING', 'vision'],
      ['CAPABILITY_MISSING', 'mcp'],
    ]);
  });
});

describe('the context', () => {
  const limited = (...limits: readonly Limits[]) => ({ limits: limits.map((value) => aFact(value, { id: 'limit' })) });

  test('must have room for what is sent and what is answered', () => {
    const offering = limited({ contextTokens: 1_100 });

    expect(reasonsFor(offering)).toEqual([]);
    expect(reasonsFor(offering, { need: { inputTokens: 1_001 } })).toEqual([
      {
        code: 'CONTEXT_TOO_SMALL',
        severity: 'hard',
        expected: 'room for 1101 tokens',
        actual: 'a context of 1100',
        facts: ['limit'],
        sources: [URL],
        remedy: 'send less, or elsewhere',
      },
    ]);
  });

  test('must let the answer be as long as it may be', () => {
    const offering = limited({ maxOutputTokens: 100 });

    expect(reasonsFor(offering)).toEqual([]);
    expect(reasonsFor(offering, { need: { outputTokens: 101 } })).toEqual([
      {
        code: 'CONTEXT_TOO_SMALL',
        severity: 'hard',
        expected: 'answers of 101 tokens',
        actual: '100 at most',
        facts: ['limit'],
        sources: [URL],
        remedy: 'lower maxOutputTokens',
      },
    ]);
  });

  test('is told with both, when both are too small', () => {
    expect(codesOf(reasonsFor(limited({ contextTokens: 10, maxOutputTokens: 10 })))).toEqual([
      'CONTEXT_TOO_SMALL',
      'CONTEXT_TOO_SMALL',
    ]);
  });

  test('is large enough where no limit is known', () => {
    expect(reasonsFor(limited({}), { need: { inputTokens: 100_000_000 } })).toEqual([]);
  });

  test('clears on the day on which it becomes large enough', () => {
    const grown = [
      aFact<Limits>({ contextTokens: 272_000 }, { to: '2026-12-01' }),
      aFact<Limits>({ contextTokens: 400_000 }, { from: '2026-12-01', to: '2027-01-01' }),
      aFact<Limits>({ contextTokens: 1_000_000 }, { from: '2027-01-01' }),
    ];
    const asked = (inputTokens: number) =>
      reasonsFor({ limits: grown }, { need: { inputTokens } }).map(({ clearsOn }) => clearsOn);

    expect([asked(200_000), asked(300_000), asked(500_000), asked(2_000_000)]).toEqual([
      [],
      ['2026-12-01'],
      ['2027-01-01'],
      [undefined],
    ]);
  });
});

describe('state that is pinned', () => {
  const { id } = anOffering();
  const elsewhere = 'aws/commercial/bedrock/us-east-1/gpt-6.1-sol';

  test('excludes everywhere else', () => {
    expect(reasonsFor({}, { need: { affinity: { offering: elsewhere, isPinned: true } } })).toEqual([
      {
        code: 'STATE_PINNED',
        severity: 'hard',
        expected: elsewhere,
        actual: id,
        remedy: "begin a new session there, from the task's own transcript",
      },
    ]);
  });

  test('does not exclude the place where it is', () => {
    expect(reasonsFor({}, { need: { affinity: { offering: id, isPinned: true } } })).toEqual([]);
  });

  test('is more than a warm cache, which excludes nobody', () => {
    expect(reasonsFor({}, { need: { affinity: { offering: elsewhere, isPinned: false } } })).toEqual([]);
  });
});

describe('an endpoint', () => {
  test('is needed where endpoints are configured', () => {
    expect(reasonsFor({}, { deployments: [] })).toEqual([
      {
        code: 'NOT_CONFIGURED',
        severity: 'hard',
        expected: 'an endpoint',
        actual: 'none is configured',
        remedy: 'add an endpoint of azure/commercial/foundry at eastus2 with a deployment of gpt-6.1-sol',
      },
    ]);
    const placed = aPlacedDeployment();
    expect(reasonsFor({}, { deployments: [placed], placed })).toEqual([]);
  });

  test('is not needed where the catalog alone is asked, nor for what Anyport does not call', () => {
    expect(reasonsFor({}, { deployments: null })).toEqual([]);
    expect(reasonsFor({}, { deployments: [], need: { product: 'codex' } })).toEqual([]);
  });
});
