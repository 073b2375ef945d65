import { describe, expect, test } from 'vitest';
import type { Fact, Offering, Stage } from '../../workflows/domain/catalog.ts';
import { EVIDENCE } from '../../workflows/domain/catalog.ts';
import type { Reason } from '../../workflows/domain/reason.ts';
import type { LeastStage } from '../../workflows/domain/tenant-policy.ts';
import { defaultPolicy, LEAST_STAGES } from '../../workflows/domain/tenant-policy.ts';
import type { Asked } from '../support/catalog-builders.ts';
import { aCatalog, aFact, aPlacedDeployment, aSource, aTerm, codesOf, reasonsFor, TODAY } from '../support/catalog-builders.ts';

const SAY_SO = 'if your account has it, say so under catalog in the configuration';
const URL = 'https://example.com/models';
const OFFERING = 'azure/commercial/foundry/eastus2/gpt-6.1-sol';

function atLeast(stage: LeastStage): Asked {
  return { policy: { minStage: { ...defaultPolicy('default').minStage, model: stage } } };
}

function staged(stage: Stage, overrides: Partial<Fact<Stage>> = {}): Partial<Offering> {
  return { stage: [aFact(stage, overrides)] };
}

describe('what is sold to everybody', () => {
  test('may serve, with nothing said against it', () => {
    expect(reasonsFor({})).toEqual([]);
  });

  test.each([
    ['the day before it begins', '2026-03-04', ['NOT_YET']],
    ['on the day on which it begins', '2026-03-05', []],
    ['on its last day', '2026-11-21', []],
    ['on the day on which it ends', '2026-11-22', ['NOT_OFFERED']],
  ])('%s, %s, has the reasons %j', (_when, asOf, codes) => {
    const offering = staged('ga', { from: '2026-03-05', to: '2026-11-22' });

    expect(codesOf(reasonsFor(offering, { at: { asOf } }))).toEqual(codes);
  });

  test.each([
    ['a moment before it was recorded', '2026-06-01T08:59:59.999Z', ['NOT_OFFERED']],
    ['from the moment at which it was recorded', '2026-06-01T09:00:00.000Z', []],
    ['a moment before it was superseded', '2026-07-01T08:59:59.999Z', []],
    ['from the moment at which it was superseded', '2026-07-01T09:00:00.000Z', ['NOT_OFFERED']],
  ])('is known %s or not', (_when, knownAt, codes) => {
    const offering = staged('ga', { recordedAt: '2026-06-01T09:00:00.000Z', supersededAt: '2026-07-01T09:00:00.000Z' });

    expect(codesOf(reasonsFor(offering, { at: { knownAt } }))).toEqual(codes);
  });
});

describe('what no fact says is sold', () => {
  test('is not offered', () => {
    expect(reasonsFor({ stage: [] })).toEqual([
      {
        code: 'NOT_OFFERED',
        severity: 'hard',
        expected: 'sold on 2026-11-22',
        actual: 'no fact says so',
        remedy: SAY_SO,
      },
    ]);
  });

  test('is a warning alone where an endpoint of it is configured', () => {
    expect(reasonsFor({ stage: [] }, { placed: aPlacedDeployment() })).toEqual([
      {
        code: 'NOT_OFFERED',
        severity: 'soft',
        expected: 'sold on 2026-11-22',
        actual: 'no fact says so',
        remedy:
          'taken from the configuration; to say that it is there, add { surface: azure/commercial/foundry, places: [eastus2], model: gpt-6.1-sol, ' +
          'stage: [{ value: ga, from: 2026-11-22, sources: [{ url: WHO SAYS SO, seenOn: 2026-11-22 }] }] } to catalog.offerings',
      },
    ]);
  });

  test('is expected, and still not offered, where a contract sends its seller first', () => {
    const catalog = aCatalog({ terms: [aTerm()] });

    expect(reasonsFor({ stage: [] }, { catalog })).toEqual([
      expect.objectContaining({
        code: 'NOT_OFFERED',
        severity: 'hard',
        remedy: `expected under first-ship (first-ship-2026), which is no evidence; confirm with azure, then ${SAY_SO}`,
      }),
    ]);
  });

  test.each([
    ['of another seller', aTerm({ favours: 'aws' })],
    ['of another kind', aTerm({ kind: 'revenue-share' })],
    ['that begins tomorrow', aTerm({ from: '2026-11-23' })],
    ['that ends today', aTerm({ to: TODAY })],
  ])('is not expected by a contract %s', (_which, term) => {
    const [reason] = reasonsFor({ stage: [] }, { catalog: aCatalog({ terms: [term] }) });

    expect(reason?.remedy).toBe(SAY_SO);
  });
});

describe('what begins later', () => {
  test('is not there yet, and says when it will be', () => {
    expect(reasonsFor(staged('ga', { id: 'launch', from: '2026-12-01' }))).toEqual([
      {
        code: 'NOT_YET',
        severity: 'hard',
        expected: 'sold on 2026-11-22',
        actual: 'begins on 2026-12-01',
        facts: ['launch'],
        sources: [URL],
        clearsOn: '2026-12-01',
      },
    ]);
  });

  test('says so of a day that is known at the latest', () => {
    const [reason] = reasonsFor(staged('ga', { from: '2026-12-01', atLatest: true }));

    expect(reason?.actual).toBe('begins on 2026-12-01 at the latest');
  });

  test('is the first of what is to come that serves', () => {
    const stage = [
      aFact<Stage>('ga', { from: '2027-02-01' }),
      aFact<Stage>('public-preview', { from: '2026-12-24', to: '2027-02-01' }),
      aFact<Stage>('announced', { from: '2026-12-01', to: '2026-12-24' }),
    ];

    expect(reasonsFor({ stage })[0]?.clearsOn).toBe('2026-12-24');
  });

  test('is not there for a configured endpoint either', () => {
    const reasons = reasonsFor(staged('ga', { from: '2026-12-01' }), { placed: aPlacedDeployment() });

    expect(reasons).toEqual([expect.objectContaining({ code: 'NOT_YET', severity: 'hard' })]);
  });

  test.each(['unlisted', 'announced'] as const)('is not there yet while it is %s', (value) => {
    const stage = [
      aFact<Stage>(value, { id: 'looked', to: '2026-12-01' }),
      aFact<Stage>('limited-preview', { from: '2026-12-01' }),
    ];

    expect(reasonsFor({ stage })).toEqual([
      {
        code: 'NOT_YET',
        severity: 'hard',
        expected: 'sold on 2026-11-22',
        actual: value,
        facts: ['looked'],
        sources: [URL],
        clearsOn: '2026-12-01',
        remedy: SAY_SO,
      },
    ]);
  });

  test('has no day when none is known', () => {
    expect(reasonsFor(staged('announced'))[0]).not.toHaveProperty('clearsOn');
  });
});

describe('what is sold no more, or not now', () => {
  test('is retired', () => {
    expect(reasonsFor(staged('retired', { id: 'end', from: '2026-10-01' }))).toEqual([
      {
        code: 'RETIRED',
        severity: 'hard',
        expected: 'sold on 2026-11-22',
        actual: 'retired on 2026-10-01',
        facts: ['end'],
        sources: [URL],
      },
    ]);
  });

  test('is suspended since a day, and clears when something is known to be served again', () => {
    const outage = aFact<Stage>('suspended', { id: 'outage', from: '2026-11-20', to: '2026-12-01' });
    const suspended = {
      code: 'SUSPENDED',
      severity: 'hard',
      expected: 'sold on 2026-11-22',
      actual: 'suspended since 2026-11-20',
      facts: ['outage'],
      sources: [URL],
    };

    expect(reasonsFor({ stage: [outage] })).toEqual([suspended]);
    expect(reasonsFor({ stage: [outage, aFact<Stage>('ga', { from: '2026-12-01' })] })).toEqual([
      { ...suspended, clearsOn: '2026-12-01' },
    ]);
  });

  test('is so for a configured endpoint too', () => {
    const placed = aPlacedDeployment();

    expect(codesOf(reasonsFor(staged('retired'), { placed }))).toEqual(['RETIRED']);
    expect(codesOf(reasonsFor(staged('suspended'), { placed }))).toEqual(['SUSPENDED']);
  });

  test('was sold before that day', () => {
    const stage = [aFact<Stage>('ga', { to: '2026-10-01' }), aFact<Stage>('retired', { from: '2026-10-01' })];

    const days = ['2026-09-29', '2026-09-30', '2026-10-01'];
    expect(days.map((asOf) => codesOf(reasonsFor({ stage }, { at: { asOf } })))).toEqual([
      [],
      ['RETIRES_DURING_TASK'],
      ['RETIRED'],
    ]);
  });
});

describe('the stage that a policy asks for', () => {
  test('is told with the day on which it is reached', () => {
    const stage = [
      aFact<Stage>('limited-preview', { id: 'preview', to: '2026-12-01' }),
      aFact<Stage>('public-preview', { from: '2026-12-01', to: '2027-01-15' }),
      aFact<Stage>('ga', { from: '2027-01-15' }),
    ];

    expect(reasonsFor({ stage }, atLeast('ga'))).toEqual([
      {
        code: 'STAGE_TOO_LOW',
        severity: 'hard',
        expected: 'at least ga',
        actual: 'limited-preview',
        facts: ['preview'],
        sources: [URL],
        clearsOn: '2027-01-15',
        remedy: 'wait for it, or lower minStage to limited-preview',
      },
    ]);
  });

  test.each(LEAST_STAGES.flatMap((is, rank) => LEAST_STAGES.map((asked, least) => [is, asked, rank >= least] as const)))(
    '%s is enough for %s: %s',
    (is, asked, isEnough) => {
      expect(codesOf(reasonsFor(staged(is), atLeast(asked)))).toEqual(isEnough ? [] : ['STAGE_TOO_LOW']);
    },
  );

  test.each(LEAST_STAGES)('is reached by what is deprecated: %s', (asked) => {
    expect(reasonsFor(staged('deprecated'), atLeast(asked))).toEqual([]);
  });

  test('is that of the product', () => {
    const { policy } = atLeast('ga');

    expect(
      reasonsFor(staged('public-preview'), { ...(policy === undefined ? {} : { policy }), need: { product: 'codex' } }),
    ).toEqual([]);
  });
});

describe('the evidence that a policy asks for', () => {
  test.each(EVIDENCE.flatMap((is, rank) => EVIDENCE.map((asked, least) => [is, asked, rank >= least] as const)))(
    '%s is enough for %s: %s',
    (evidence, minEvidence, isEnough) => {
      const reasons = reasonsFor(staged('ga', { id: 'rumour', sources: [aSource({ evidence })] }), { policy: { minEvidence } });

      const remedy = 'confirm it, then say so under catalog in the configuration, or lower minEvidence';
      const reason: Reason = {
        code: 'EVIDENCE_TOO_WEAK',
        severity: 'hard',
        expected: `at least ${minEvidence}`,
        actual: evidence,
        facts: ['rumour'],
        sources: [URL],
        remedy,
      };
      expect(reasons).toEqual(isEnough ? [] : [reason]);
    },
  );

  test('is that of the best source', () => {
    const sources = [aSource({ evidence: 'inferred' }), aSource({ evidence: 'vendor-doc' })];

    expect(reasonsFor(staged('ga', { sources }), { policy: { minEvidence: 'vendor-doc' } })).toEqual([]);
  });

  test('warns alone of a configured endpoint', () => {
    const reasons = reasonsFor(staged('ga', { sources: [aSource({ evidence: 'inferred' })] }), { placed: aPlacedDeployment() });

    expect(reasons).toEqual([expect.objectContaining({ code: 'EVIDENCE_TOO_WEAK', severity: 'soft' })]);
  });
});

describe('the age of a stage', () => {
  test.each([
    ['on the last day on which it is fresh', '2026-11-08', []],
    ['a day later', '2026-11-07', ['FACT_STALE']],
    ['when it was looked at after the day asked about', '2026-11-23', []],
  ])('is told %s', (_when, verifiedOn, codes) => {
    expect(codesOf(reasonsFor(staged('ga', { verifiedOn })))).toEqual(codes);
  });

  test('is a warning that says how old it is', () => {
    expect(reasonsFor(staged('ga', { id: 'old', verifiedOn: '2026-10-23' }))).toEqual([
      {
        code: 'FACT_STALE',
        severity: 'soft',
        expected: 'looked at within 14 days',
        actual: 'stage last looked at on 2026-10-23, 30 days before',
        facts: ['old'],
        sources: [URL],
        remedy: 'look again, then say so under catalog in the configuration',
      },
    ]);
  });

  test('is that on the day asked about, not today', () => {
    expect(reasonsFor(staged('ga', { verifiedOn: '2026-10-23' }), { at: { asOf: '2026-10-24' } })).toEqual([]);
  });

  test('is told of what is not listed, too', () => {
    expect(codesOf(reasonsFor(staged('unlisted', { verifiedOn: '2026-10-01' })))).toEqual(['NOT_YET', 'FACT_STALE']);
  });
});

describe("an operator's fact", () => {
  const ga = aFact<Stage>('ga');

  test('wins over the catalog for the days that it covers, and is marked', () => {
    const stage = [ga, aFact<Stage>('suspended', { id: 'mine', from: '2026-11-10', to: '2026-11-30', by: 'operator' })];

    const on = (asOf: string) => reasonsFor({ stage }, { at: { asOf } });
    expect([...on('2026-11-08'), ...on('2026-11-30')]).toEqual([]);
    for (const asOf of ['2026-11-10', '2026-11-29']) {
      expect(on(asOf)).toEqual([
        expect.objectContaining({ code: 'SUSPENDED', facts: ['mine'], by: 'operator', clearsOn: '2026-11-30' }),
      ]);
    }
  });

  test('that takes it away in the days to come excludes a task that lasts until then, and is marked', () => {
    const stage = [ga, aFact<Stage>('suspended', { id: 'mine', from: '2026-11-23', to: '2026-11-30', by: 'operator' })];

    expect(reasonsFor({ stage })).toEqual([
      expect.objectContaining({ code: 'RETIRES_DURING_TASK', facts: ['mine'], by: 'operator' }),
    ]);
  });

  test("puts off the day on which the catalog's begins, for as long as it holds", () => {
    const begins = aFact<Stage>('ga', { from: '2026-12-01' });
    const mine = (to: string | null) => aFact<Stage>('announced', { from: '2026-11-01', to, by: 'operator' });
    const clears = (to: string | null) => reasonsFor({ stage: [begins, mine(to)] }).map(({ clearsOn }) => clearsOn);

    expect([clears('2026-11-30'), clears('2026-12-10'), clears(null)]).toEqual([['2026-12-01'], ['2026-12-10'], [undefined]]);
  });

  test("lets the catalog's through on the day on which it ends, where that says that it is sold", () => {
    const mine = aFact<Stage>('retired', { from: '2026-11-01', to: '2026-12-01', by: 'operator' });

    expect(reasonsFor({ stage: [ga, mine] })).toEqual([expect.objectContaining({ code: 'RETIRED', clearsOn: '2026-12-01' })]);
  });

  test('wins although it began earlier, and wherever it stands', () => {
    const mine = aFact<Stage>('ga', { from: '2025-01-01', by: 'operator' });
    const retired = aFact<Stage>('retired', { from: '2026-11-01' });

    expect(reasonsFor({ stage: [mine, retired] })).toEqual([]);
    expect(reasonsFor({ stage: [retired, mine] })).toEqual([]);
  });

  test("is not known before it was recorded, so that the catalog's holds", () => {
    const mine = aFact<Stage>('retired', { recordedAt: '2026-11-20T00:00:00.000Z', by: 'operator' });

    expect(reasonsFor({ stage: [ga, mine] }, { at: { knownAt: '2026-11-19T00:00:00.000Z' } })).toEqual([]);
  });

  test("is the one mark: of the catalog's own facts nothing is said", () => {
    expect(reasonsFor(staged('retired'))[0]).not.toHaveProperty('by');
  });
});

describe('what is retired soon', () => {
  const ending = (shutdown: string) => ({ retirement: [aFact({ shutdown, replacement: 'gpt-6.2-sol' }, { id: 'end' })] });

  test('excludes a task that may last until then', () => {
    expect(reasonsFor(ending('2026-11-29'), { need: { durationDays: 7 } })).toEqual([
      {
        code: 'RETIRES_DURING_TASK',
        severity: 'hard',
        expected: 'served for 7 days',
        actual: 'ends on 2026-11-29',
        facts: ['end'],
        sources: [URL],
        remedy: 'ask for gpt-6.2-sol',
      },
    ]);
  });

  test('does not exclude a task that ends before', () => {
    expect(reasonsFor(ending('2026-11-30'), { need: { durationDays: 7 } })).toEqual([]);
  });

  test.each(['retired', 'suspended'] as const)('is also what is known to be %s by then', (later) => {
    const stage = [aFact<Stage>('ga', { to: '2026-11-29' }), aFact<Stage>(later, { id: 'gone', from: '2026-11-29' })];

    expect(reasonsFor({ stage }, { need: { durationDays: 7 } })).toEqual([
      {
        code: 'RETIRES_DURING_TASK',
        severity: 'hard',
        expected: 'served for 7 days',
        actual: 'ends on 2026-11-29',
        facts: ['gone'],
        sources: [URL],
        remedy: 'ask for another model',
      },
    ]);
    expect(reasonsFor({ stage }, { need: { durationDays: 6 } })).toEqual([]);
  });

  test('is so by a later stage before an end that is told for another day', () => {
    const stage = [aFact<Stage>('ga', { to: '2026-11-24' }), aFact<Stage>('retired', { id: 'gone', from: '2026-11-24' })];

    expect(reasonsFor({ ...ending('2027-01-01'), stage }, { need: { durationDays: 7 } })).toEqual([
      expect.objectContaining({ actual: 'ends on 2026-11-24', facts: ['gone'], remedy: 'ask for gpt-6.2-sol' }),
    ]);
  });

  test('is not what an operator says will be sold then', () => {
    const stage = [
      aFact<Stage>('ga', { to: '2026-11-24' }),
      aFact<Stage>('retired', { from: '2026-11-24' }),
      aFact<Stage>('ga', { by: 'operator' }),
    ];

    expect(reasonsFor({ stage }, { need: { durationDays: 7 } })).toEqual([]);
  });

  test('is not what is deprecated by then, which is still served', () => {
    const stage = [aFact<Stage>('ga', { to: '2026-11-24' }), aFact<Stage>('deprecated', { from: '2026-11-24' })];

    expect(reasonsFor({ stage }, { need: { durationDays: 7 } })).toEqual([]);
  });

  test.each(['2026-11-22', '2026-11-21'])('is retired when it was shut down on %s', (shutdown) => {
    expect(reasonsFor(ending(shutdown))).toEqual([
      expect.objectContaining({
        code: 'RETIRED',
        severity: 'hard',
        expected: 'sold on 2026-11-22',
        actual: `shut down on ${shutdown}`,
        facts: ['end'],
        remedy: 'ask for gpt-6.2-sol',
      }),
    ]);
  });

  test('names no replacement when none is known', () => {
    const [reason] = reasonsFor({ retirement: [aFact({ shutdown: TODAY })] });

    expect(reason?.remedy).toBe('ask for another model');
  });

  test('says nothing of a promise alone', () => {
    expect(reasonsFor({ retirement: [aFact({ notBefore: '2026-11-01' })] })).toEqual([]);
  });

  describe('and closed to new customers', () => {
    const closed = (newCustomersUntil: string) => ({ retirement: [aFact({ newCustomersUntil }, { id: 'closed' })] });

    test('is for those alone who use it already', () => {
      expect(reasonsFor(closed('2026-11-22'))).toEqual([
        {
          code: 'NOT_ENTITLED',
          severity: 'hard',
          expected: 'open to new customers',
          actual: 'for those who used it before 2026-11-22 alone',
          facts: ['closed'],
          sources: [URL],
          remedy: `when it has been granted, add { offering: "${OFFERING}" } to the tenant's entitlements`,
        },
      ]);
    });

    test('is open the day before', () => {
      expect(reasonsFor(closed('2026-11-23'))).toEqual([]);
    });

    test('clears on the day of the next grant', () => {
      const entitlements = ['2027-01-01', '2026-12-01'].map((from) => ({ offering: OFFERING, from, to: null }));

      expect(reasonsFor(closed('2026-11-01'), { policy: { entitlements } })).toEqual([
        expect.objectContaining({ code: 'NOT_ENTITLED', clearsOn: '2026-12-01' }),
      ]);
    });

    test('is open to a configured endpoint, and to whom it was granted', () => {
      const granted = { policy: { entitlements: [{ offering: OFFERING, from: '2026-01-01', to: null }] } };

      expect(reasonsFor(closed('2026-11-01'), { placed: aPlacedDeployment() })).toEqual([]);
      expect(reasonsFor(closed('2026-11-01'), granted)).toEqual([]);
    });
  });
});
