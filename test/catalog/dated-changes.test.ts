/** The built-in catalog, asked the day before and the day of every change that it knows of. */
import { describe, expect, test } from 'vitest';
import { loadCatalog } from '../../activities/catalog/load-catalog.ts';
import type { EligibilityDecision } from '../../workflows/domain/eligibility.ts';
import { decideEligibility } from '../../workflows/domain/eligibility.ts';
import type { TaskNeed } from '../../workflows/domain/candidate.ts';
import { factAt } from '../../workflows/domain/fact-in-force.ts';
import { isHard } from '../../workflows/domain/reason.ts';
import type { TenantPolicy } from '../../workflows/domain/tenant-policy.ts';
import { defaultPolicy } from '../../workflows/domain/tenant-policy.ts';

const { catalog, knownAt } = loadCatalog();
const OFFERINGS = [...catalog.offerings.values()].flat();
const SERVES = 'may serve';

interface Asked {
  readonly asOf: string;
  readonly need?: Partial<TaskNeed>;
  readonly policy?: Partial<TenantPolicy>;
}

function decide(model: string, { asOf, need, policy }: Asked): EligibilityDecision {
  return decideEligibility({
    catalog,
    deployments: null,
    policy: { ...defaultPolicy('default'), ...policy },
    need: { product: 'model', model, capabilities: [], inputTokens: 1_000, outputTokens: 1_000, durationDays: 1, ...need },
    at: { asOf, knownAt },
  });
}

/** `may serve`, or the codes of the hard reasons against it. */
function answerOf(id: string, asked: Asked): string {
  const model = id.slice(id.lastIndexOf('/') + 1);
  const product = OFFERINGS.find((offering) => offering.id === id)?.surface.product ?? 'model';
  const { eligible, excluded } = decide(model, { ...asked, need: { product, ...asked.need } });
  if (eligible.some(({ offeringId }) => offeringId === id)) return SERVES;
  const found = excluded.find(({ offeringId }) => offeringId === id);
  return (
    (found?.reasons ?? [])
      .filter(isHard)
      .map(({ code }) => code)
      .join(' ') || 'no such offering'
  );
}

function dayBefore(day: string): string {
  return new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10);
}

const DIRECT = 'openai/commercial/api/global';
const AZURE = 'azure/commercial/foundry/global';
const MANTLE = 'aws/commercial/bedrock-mantle';
const RUNTIME = 'aws/commercial/bedrock-runtime';
const GOOGLE = 'google/commercial/agent-platform/global';

/** An offering, a day, and what is answered on the day before and on the day. */
type Change = readonly [id: string, day: string, before: string, after: string];

describe('who may serve changes on the day it should', () => {
  const changes: readonly Change[] = [
    [`${DIRECT}/gpt-5.4`, '2026-03-05', 'NOT_YET', SERVES],
    [`${DIRECT}/gpt-5.5`, '2026-04-24', 'NOT_YET', SERVES],
    [`${DIRECT}/gpt-5.6-sol`, '2026-06-26', 'NOT_YET', 'NOT_ENTITLED'],
    [`${DIRECT}/gpt-5.6-sol`, '2026-07-09', 'NOT_ENTITLED', SERVES],
    [`${DIRECT}/gpt-5.6-terra`, '2026-07-09', 'NOT_ENTITLED', SERVES],
    [`${DIRECT}/gpt-5.6-luna`, '2026-07-09', 'NOT_ENTITLED', SERVES],
    [`${DIRECT}/gpt-6-astra`, '2026-09-03', 'NOT_YET', 'NOT_ENTITLED'],
    [`${DIRECT}/gpt-6-astra`, '2026-09-05', 'NOT_ENTITLED', SERVES],
    [`${DIRECT}/gpt-6-sol`, '2026-09-22', 'NOT_YET', SERVES],
    [`${DIRECT}/gpt-6-luna`, '2026-09-22', 'NOT_YET', SERVES],
    [`${DIRECT}/gpt-6.1-sol`, '2026-10-05', 'NOT_YET', SERVES],
    [`${DIRECT}/gpt-6.1-terra`, '2026-10-26', 'NOT_YET', SERVES],
    [`${DIRECT}/gpt-6.2-astra`, '2026-11-17', 'NOT_YET', SERVES],
    [`${DIRECT}/gpt-6.2-sol`, '2026-11-17', 'NOT_YET', SERVES],
    [`${DIRECT}/gpt-5`, '2026-12-11', 'RETIRES_DURING_TASK', 'RETIRED'],
    [`${DIRECT}/gpt-5-mini`, '2026-12-11', 'RETIRES_DURING_TASK', 'RETIRED'],
    [`${DIRECT}/o3`, '2026-12-11', 'RETIRES_DURING_TASK', 'RETIRED'],
    [`${DIRECT}/gpt-4.1`, '2027-01-14', 'RETIRES_DURING_TASK', 'RETIRED'],
    [`${DIRECT}/gpt-4o`, '2027-01-14', 'RETIRES_DURING_TASK', 'RETIRED'],
    [`${DIRECT}/gpt-5.1`, '2027-04-01', 'RETIRES_DURING_TASK', 'RETIRED'],
    [`${AZURE}/gpt-5.4`, '2026-03-05', 'NOT_YET', SERVES],
    [`${AZURE}/gpt-5.5`, '2026-04-24', 'NOT_YET', SERVES],
    [`${AZURE}/gpt-5.6-sol`, '2026-07-13', 'NOT_YET', SERVES],
    [`${AZURE}/gpt-6-astra`, '2026-09-05', 'NOT_YET', SERVES],
    [`${AZURE}/gpt-6.2-sol`, '2026-11-17', 'NOT_YET', 'EVIDENCE_TOO_WEAK'],
    // Microsoft put these off between its schedules of April and September.
    [`${AZURE}/o3`, '2026-10-21', 'RETIRES_DURING_TASK', 'RETIRED'],
    [`${AZURE}/gpt-4o`, '2027-04-14', 'RETIRES_DURING_TASK', 'RETIRED'],
    [`${AZURE}/gpt-5.1`, '2027-05-15', 'RETIRES_DURING_TASK', 'RETIRED'],
    ['azure/us-gov/foundry/us-gov/gpt-4o', '2027-04-14', 'NOT_ENTITLED RETIRES_DURING_TASK', 'NOT_ENTITLED RETIRED'],
    [`${MANTLE}/us-east-2/gpt-5.5`, '2026-04-28', 'NOT_YET', 'NOT_ENTITLED'],
    [`${MANTLE}/us-east-2/gpt-5.5`, '2026-06-01', 'NOT_ENTITLED', SERVES],
    [`${MANTLE}/us-west-2/gpt-5.4`, '2026-06-01', 'NOT_YET', SERVES],
    [`${MANTLE}/us-east-1/gpt-5.6-sol`, '2026-07-13', 'NOT_YET', SERVES],
    [`${MANTLE}/us-west-2/gpt-5.6-sol`, '2026-08-20', 'NOT_YET', SERVES],
    [`${RUNTIME}/global/gpt-5.6-terra`, '2026-08-13', 'NOT_YET', SERVES],
    [`${RUNTIME}/us/gpt-5.6-terra`, '2026-08-17', 'NOT_YET', SERVES],
    ['aws/us-gov/bedrock-mantle/us-gov-west-1/gpt-5.6-luna', '2026-08-24', 'NOT_YET', 'NOT_ENTITLED'],
    [`${MANTLE}/us-west-2/gpt-6-astra`, '2026-09-08', 'NOT_YET', SERVES],
    [`${MANTLE}/us-east-1/gpt-6-sol`, '2026-09-22', 'NOT_YET', SERVES],
    [`${RUNTIME}/us/gpt-6-luna`, '2026-09-22', 'NOT_YET', SERVES],
    [`${MANTLE}/us-east-1/gpt-6.1-sol`, '2026-09-29', 'NOT_YET', SERVES],
    [`${RUNTIME}/us/gpt-6.1-terra`, '2026-10-26', 'NOT_YET', SERVES],
    [`${RUNTIME}/global/gpt-6.2-sol`, '2026-11-17', 'NOT_OFFERED', 'NOT_YET'],
    [`${GOOGLE}/gpt-6.1-sol`, '2026-10-26', 'NOT_YET', 'NOT_ENTITLED'],
    [`${GOOGLE}/gpt-6.1-terra`, '2026-10-26', 'NOT_YET', 'NOT_ENTITLED'],
    [`${GOOGLE}/gpt-6.2-sol`, '2026-11-17', 'NOT_OFFERED NOT_ENTITLED', 'NOT_YET NOT_ENTITLED'],
    ['openai/commercial/agents-api/global/gpt-5.6-sol', '2026-09-10', 'NOT_YET', SERVES],
    ['aws/commercial/codex/us-east-2/gpt-5.5', '2026-04-28', 'NOT_YET', 'NOT_ENTITLED'],
    ['aws/commercial/codex/us-east-2/gpt-5.5', '2026-06-01', 'NOT_ENTITLED', SERVES],
    ['snowflake/commercial/cortex/aws-us/gpt-6-astra', '2026-09-25', 'RESELLER NOT_YET', 'RESELLER'],
    ['snowflake/commercial/cortex/aws-us/gpt-6.1-sol', '2026-10-05', 'RESELLER NOT_YET', 'RESELLER'],
    ['aws/commercial/bedrock-agents-classic/us-east-1/gpt-oss-120b', '2026-07-30', SERVES, 'NOT_ENTITLED'],
  ];

  test.each(changes.map((change) => [change.join(' '), change] as const))('%s', (_title, [id, day, before, after]) => {
    expect([dayBefore(day), day].map((asOf) => answerOf(id, { asOf }))).toEqual([before, after]);
  });

  const ends = changes.filter(([, , before]) => before === 'RETIRES_DURING_TASK');

  test('with every end in sight', () => expect(ends).toHaveLength(9));

  test.each(ends.map(([id, day]) => [id, day] as const))(
    'with the end of %s on %s, which a task of a day may come close to, but not reach',
    (id, day) => {
      expect(answerOf(id, { asOf: dayBefore(dayBefore(day)) })).toBe(SERVES);
    },
  );

  test('with the stage that a tenant asks for at least', () => {
    const minStage = { ...defaultPolicy('t').minStage, 'managed-agent': 'public-preview' as const, model: 'ga' as const };
    const policy = { minStage, entitlements: [{ offering: '*', from: '2020-01-01', to: null }] };
    const agents = 'aws/commercial/bedrock-managed-agents/us-east-1/gpt-5.6-sol';

    expect(['2026-09-28', '2026-09-29'].map((asOf) => answerOf(agents, { asOf, policy }))).toEqual(['STAGE_TOO_LOW', SERVES]);
    expect(['2026-09-01', '2026-09-02'].map((asOf) => answerOf(`${AZURE}/gpt-5.6-sol`, { asOf, policy }))).toEqual([
      'STAGE_TOO_LOW',
      SERVES,
    ]);
  });

  test.each([
    { id: `${DIRECT}/gpt-5.6-terra`, day: '2026-07-30', prices: [2_500_000, 2_000_000] },
    { id: `${DIRECT}/gpt-5.6-luna`, day: '2026-07-30', prices: [1_000_000, 200_000] },
    { id: `${MANTLE}/us-east-1/gpt-5.6-luna`, day: '2026-07-30', prices: [1_100_000, 220_000] },
    { id: `${AZURE}/gpt-5.6-terra`, day: '2026-08-01', prices: [2_500_000, 2_000_000] },
  ])('with the price of $id on $day', ({ id, day, prices }) => {
    const price = OFFERINGS.find((offering) => offering.id === id)?.price ?? [];

    const inputs = [dayBefore(day), day].map((asOf) => factAt(price, { asOf, knownAt })?.value.inputUsdMicrosPerMillion);

    expect(inputs).toEqual(prices);
  });
});

describe('every change in the catalog', () => {
  const changes = OFFERINGS.flatMap((offering) => offering.stage.map((fact) => ({ offering, fact })));

  test('is asked: there are hundreds', () => expect(changes.length).toBeGreaterThan(300));

  test('holds on its first day and not on the day before', () => {
    const wrong = changes.filter(({ offering, fact }) => {
      const at = (asOf: string) => factAt(offering.stage, { asOf, knownAt })?.id;
      return at(fact.from) !== fact.id || at(dayBefore(fact.from)) === fact.id;
    });

    expect(wrong.map(({ fact }) => fact.id)).toEqual([]);
  });

  test('is told by the decision: what is served on its first day is not yet on the day before', () => {
    const entitlements = [{ offering: '*', from: '2020-01-01', to: null }];
    const policy = { allowResellers: true, minEvidence: 'inferred', entitlements } as const;
    const firsts = OFFERINGS.flatMap((offering) => {
      const days = offering.stage.flatMap(({ value, from }) => (value === 'unlisted' ? [] : [from])).toSorted();
      return days.slice(0, 1).map((day) => ({ id: offering.id, day }));
    });
    const answers = firsts.map(({ id, day }) => [
      id,
      answerOf(id, { asOf: dayBefore(day), policy }),
      answerOf(id, { asOf: day, policy }),
    ]);

    expect(answers).toEqual(firsts.map(({ id }) => [id, 'NOT_YET', SERVES]));
  });
});

describe('the acceptance cases', () => {
  test('a tenant of AWS that is bound to the EU: every AWS offering is too wide or elsewhere, and Azure’s EU zone is to be confirmed', () => {
    const policy = {
      standardCloud: 'aws',
      residency: { processing: ['eu'], storage: ['eu'], maxScope: 'geo' },
    } as const;

    const { excluded, outcome } = decide('gpt-6-sol', { asOf: '2026-11-22', policy });

    expect(outcome).toBe('none-eligible');
    const sold = excluded.filter(({ offeringId }) => /^aws\/commercial\/bedrock-(mantle|runtime)\//.test(offeringId));
    expect(sold.length).toBeGreaterThan(3);
    for (const { reasons } of sold) {
      expect(reasons.map(({ code }) => code)).toContain('RESIDENCY_PROCESSING');
    }
    const global = excluded.find(({ offeringId }) => offeringId === `${RUNTIME}/global/gpt-6-sol`);
    expect(global?.reasons.map(({ code }) => code)).toEqual(['RESIDENCY_PROCESSING', 'SCOPE_TOO_WIDE', 'RESIDENCY_STORAGE']);
    const zone = excluded.find(({ offeringId }) => offeringId === 'azure/commercial/foundry/eu/gpt-6-sol');
    expect(zone?.reasons).toMatchObject([
      { code: 'NOT_OFFERED', remedy: expect.stringMatching(/expected under first-ship.*confirm/) },
    ]);
  });

  test('GPT-6.2 Sol on the day after its launch: direct alone', () => {
    const { eligible } = decide('gpt-6.2-sol', { asOf: '2026-11-18' });

    expect(eligible.map(({ offeringId }) => offeringId)).toEqual([`${DIRECT}/gpt-6.2-sol`]);
    expect(answerOf(`${MANTLE}/us-east-1/gpt-6.2-sol`, { asOf: '2026-11-18' })).toBe('NOT_YET');
    expect(answerOf(`${GOOGLE}/gpt-6.2-sol`, { asOf: '2026-11-18' })).toBe('NOT_YET NOT_ENTITLED');
    expect(answerOf(`${AZURE}/gpt-6.2-sol`, { asOf: '2026-11-18' })).toBe('EVIDENCE_TOO_WEAK');
  });

  test('500,000 tokens to GPT-5.6 Sol on AWS: too many in July, not in August, and July knows since when', () => {
    const id = `${MANTLE}/us-east-1/gpt-5.6-sol`;
    const ask = (asOf: string): string => answerOf(id, { asOf, need: { inputTokens: 500_000 } });

    expect([ask('2026-07-20'), ask('2026-08-02'), ask('2026-08-03'), ask('2026-08-04')]).toEqual([
      'CONTEXT_TOO_SMALL',
      'CONTEXT_TOO_SMALL',
      SERVES,
      SERVES,
    ]);
    const { excluded } = decide('gpt-5.6-sol', { asOf: '2026-07-20', need: { inputTokens: 500_000 } });
    expect(excluded.find(({ offeringId }) => offeringId === id)?.reasons).toMatchObject([{ clearsOn: '2026-08-03' }]);
  });

  test('a managed agent that needs sub-agents: the Agents API alone', () => {
    const need = { product: 'managed-agent', capabilities: ['subagents'] } as const;
    const { eligible, excluded } = decide('gpt-6-sol', { asOf: '2026-11-22', need });

    expect(eligible.map(({ offeringId }) => offeringId)).toEqual(['openai/commercial/agents-api/global/gpt-6-sol']);
    const bedrock = excluded.find(({ offeringId }) => offeringId.startsWith('aws/commercial/bedrock-managed-agents/us-east-1/'));
    expect(bedrock?.reasons.map(({ code }) => code)).toContain('CAPABILITY_MISSING');
  });

  test('asked as known before the catalog was begun, nobody is known to sell anything', () => {
    const early = decideEligibility({
      catalog,
      deployments: null,
      policy: defaultPolicy('default'),
      need: { product: 'model', model: 'gpt-6-sol', capabilities: [], inputTokens: 1, outputTokens: 1, durationDays: 1 },
      at: { asOf: '2026-11-22', knownAt: '2026-11-21T23:59:59.999Z' },
    });

    expect(early.eligible).toEqual([]);
    expect(new Set(early.excluded.flatMap(({ reasons }) => reasons.map(({ code }) => code)))).toContain('NOT_OFFERED');
  });
});
