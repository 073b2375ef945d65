import { ApplicationFailure } from '@temporalio/common';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalJson } from '../../activities/digest.ts';
import { remakeDecision } from '../../activities/eligibility/decision-archive.ts';
import type { EligibilityFacts } from '../../activities/eligibility/tenant-eligibility.ts';
import { loadCatalog } from '../../activities/catalog/load-catalog.ts';
import type { PlannedTenant } from '../../activities/plan-route.ts';
import { createPlanRoute } from '../../activities/plan-route.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { TaskStore } from '../../activities/store/task-store.ts';
import type { PlanRouteInput } from '../../workflows/activity-interfaces.ts';
import { ENGINE_VERSION } from '../../workflows/domain/eligibility.ts';
import type { RouteHealth } from '../../workflows/domain/route-health.ts';
import { defaultPolicy } from '../../workflows/domain/tenant-policy.ts';
import { DEFAULT_TURN_POLICY } from '../../workflows/domain/turn-policy.ts';
import { deploymentAt, MODEL } from '../support/builders.ts';
import { aFact, aSurface } from '../support/catalog-builders.ts';
import { eligibilityOf } from '../support/eligibility-scene.ts';

let store: TaskStore;
beforeAll(async () => {
  store = await openSqliteTaskStore(join(await mkdtemp(join(tmpdir(), 'anyport-plan-route-')), 'a.db'));
});
afterAll(() => store.close());

interface Scene {
  readonly tenants?: readonly PlannedTenant[];
  readonly health?: RouteHealth;
}

function plan(eligibility: EligibilityFacts, input: Partial<PlanRouteInput> = {}, { tenants = [], health }: Scene = {}) {
  const planRoute = createPlanRoute({ eligibility, store, tenants, gate: { snapshot: async () => health } });
  return planRoute({ model: MODEL, tenant: 'default', needs: ['streaming'], ...input });
}

const AZURE = { deployment: { endpoint: 'azure-eu' }, place: { processing: ['eu'], storage: ['eu'] } };
const AWS = { deployment: { endpoint: 'aws-us', cloud: 'aws' as const }, place: { processing: ['us'], storage: ['us'] } };

describe('a route', () => {
  test('has those who may serve in their order, and tells of the others by codes', async () => {
    const policies = [{ ...defaultPolicy('acme'), residency: { processing: ['eu'], storage: ['eu'], maxScope: 'geo' as const } }];

    const { route, decision } = await plan(eligibilityOf([AWS, AZURE], policies), { tenant: 'acme' });

    expect(route.deployments.map(({ endpoint }) => endpoint)).toEqual(['azure-eu']);
    expect(decision.outcome).toBe('single-no-failover');
    expect(decision.excluded).toEqual({ [deploymentAt('aws-us')]: 'RESIDENCY_PROCESSING RESIDENCY_STORAGE' });
    expect(decision).toMatchObject({ catalogDigest: 'catalog-1', policyDigest: expect.any(String), id: expect.any(String) });
  });

  test('ends where the policy lets a task go no further', async () => {
    const facts = (failover: 'none' | 'within-cloud' | 'cross-cloud') =>
      eligibilityOf([AZURE, { deployment: { endpoint: 'azure-us' } }, AWS], [{ ...defaultPolicy('acme'), failover }]);
    const endpointsOf = async (failover: 'none' | 'within-cloud' | 'cross-cloud') =>
      (await plan(facts(failover), { tenant: 'acme' })).route.deployments.map(({ endpoint }) => endpoint);

    expect(await endpointsOf('cross-cloud')).toEqual(['aws-us', 'azure-eu', 'azure-us']);
    expect(await endpointsOf('within-cloud')).toEqual(['aws-us']);
    expect(await endpointsOf('none')).toEqual(['aws-us']);
  });

  test('keeps what its decision rests on, which comes to the same bytes again, in a later process too', async () => {
    const loaded = loadCatalog();
    const facts = { ...eligibilityOf([AZURE, AWS]), loaded };
    const { decision } = await plan(facts);
    await plan(facts, { characters: 100_000 });

    const remade = await remakeDecision(store, decision.id);

    expect(remade).toMatchObject({ isSame: true, engineVersion: ENGINE_VERSION, decision: { id: decision.id } });
    expect(remade?.decision.catalogDigest).toBe(loaded.digest);
    expect(canonicalJson(remade?.inputs.deployments)).toBe(canonicalJson(facts.placed));
    expect(await remakeDecision(store, 'another')).toBeUndefined();
  });

  test('is told to be another when it would be decided otherwise now', async () => {
    const loaded = loadCatalog();
    const { decision } = await plan({ ...eligibilityOf([AZURE]), loaded }, { characters: 5_000_000 });
    const { readShared } = store;
    const altered: Pick<TaskStore, 'readShared'> = {
      async readShared(keys) {
        const records = await readShared(keys);
        return records.map((record) =>
          record.key.includes('/policy/') ? { ...record, value: { ...defaultPolicy('default'), deny: ['azure'] } } : record,
        );
      },
    };

    expect(await remakeDecision(altered, decision.id)).toMatchObject({ isSame: false, decision: { outcome: 'none-eligible' } });
  });

  test('comes with the hour and the budget of its tenant, and where its filtered turns may go', async () => {
    const tenant = { name: 'acme', hourUsdMicros: 5_000_000, afterContentFilter: ['aws-us', 'elsewhere'], budget: { turns: 3 } };
    const facts = eligibilityOf([AZURE, AWS], [defaultPolicy('acme')]);

    const acme = await plan(facts, { tenant: 'acme' }, { tenants: [tenant] });
    const other = await plan(facts, {}, { tenants: [tenant] });

    expect(acme.route.afterFilter).toEqual([deploymentAt('aws-us')]);
    expect(acme).toMatchObject({ policy: { version: 2, hourUsdMicros: 5_000_000 }, budget: { turns: 3 } });
    expect(other.route).not.toHaveProperty('afterFilter');
    expect(other.policy).toEqual(DEFAULT_TURN_POLICY);
  });

  test('says how much each deployment takes at once, where that is known', async () => {
    const small = { ...AZURE, offering: { limits: [aFact({ contextTokens: 400_000 })] } };

    const { route } = await plan(eligibilityOf([small, AWS]));

    const windows = route.deployments.map(({ endpoint, contextWindow }) => [endpoint, contextWindow]);
    expect(windows).toEqual(
      expect.arrayContaining([
        ['azure-eu', 400_000],
        ['aws-us', undefined],
      ]),
    );
  });

  test('leaves the windows of managed agents to their services', async () => {
    const agents = {
      deployment: { endpoint: 'agents', service: 'agents-api' as const },
      offering: { surface: aSurface({ product: 'managed-agent' }), limits: [aFact({ contextTokens: 400_000 })] },
    };

    const { route } = await plan(eligibilityOf([agents]), { product: 'managed-agent' });

    expect(route.deployments.map(({ endpoint, contextWindow }) => [endpoint, contextWindow])).toEqual([['agents', undefined]]);
  });

  test('comes with what is known of its deployments, and with nothing when all is well', async () => {
    const notice = { deployment: deploymentAt('azure-eu'), kind: 'open', untilMs: 1 } as const;
    const health = { notices: [notice], withoutRetries: [], isPanic: false };

    expect(await plan(eligibilityOf([AZURE]), {}, { health })).toMatchObject({ health });
    expect(await plan(eligibilityOf([AZURE]))).not.toHaveProperty('health');
  });
});

describe('a task that nobody may serve', () => {
  test('fails for good with the nearest miss, its remedy, and the way to all reasons', async () => {
    const retired = { ...AZURE, offering: { stage: [aFact('retired' as const, { from: '2026-10-01' })] } };
    const policies = [{ ...defaultPolicy('acme'), deny: ['aws'] }];

    const failure = await failureOf(plan(eligibilityOf([retired, AWS], policies), { tenant: 'acme' }));

    expect(failure).toMatchObject({ type: 'NotEligible', nonRetryable: true });
    expect(failure.message).toContain(`no eligible deployment for model "${MODEL}" of tenant "acme"`);
    expect(failure.message).toContain(
      '. Nearest is aws-us, but TENANT_DENY (asked: nothing of aws; is: aws): change deny of the tenant',
    );
    expect(failure.message).toContain('. Not either: azure-eu RETIRED. ');
    const [decision] = failure.details ?? [];
    expect(decision).toMatchObject({ outcome: 'none-eligible', excluded: expect.any(Object), id: expect.any(String) });
    expect(failure.message).toMatch(/"anyport route --decision [A-Za-z0-9_-]{22}" tells every reason$/);
  });

  test('is told the nearest names when its model is unknown', async () => {
    const failure = await failureOf(plan(eligibilityOf([AZURE]), { model: 'gpt-6.1-sun' }));

    expect(failure).toMatchObject({ type: 'NotEligible', message: expect.stringContaining(`nearest: ${MODEL}`) });
    expect(failure.message).toContain('no cloud is known to sell it');
  });

  test('is told so when its model is served, but not as a managed agent', async () => {
    const agents = { deployment: { endpoint: 'agents', model: 'gpt-agent', service: 'agents-api' as const } };
    const managed = { product: 'managed-agent' as const };
    const nowhere = await failureOf(plan(eligibilityOf([AZURE]), managed));
    const elsewhere = await failureOf(plan(eligibilityOf([AZURE, agents]), managed));

    expect(nowhere.message).toContain(
      `no deployment serves model "${MODEL}" as a managed agent: no endpoint has a service of managed agents; add one with "service"`,
    );
    expect(elsewhere.message).toContain(
      `no deployment serves model "${MODEL}" as a managed agent: ask for one that is configured (nearest: gpt-agent)`,
    );
  });

  test('is told so when nothing is configured', async () => {
    expect((await failureOf(plan(eligibilityOf([])))).message).toContain('no endpoint is configured');
  });
});

describe('a policy of the task', () => {
  test('narrows that of its tenant', async () => {
    const { route } = await plan(eligibilityOf([AZURE, AWS]), { policy: { residency: { processing: ['eu'] } } });

    expect(route.deployments.map(({ endpoint }) => endpoint)).toEqual(['azure-eu']);
  });

  test('that would widen it fails the task before anything is asked', async () => {
    const policies = [
      { ...defaultPolicy('acme'), residency: { processing: ['eu'], storage: '*' as const, maxScope: 'geo' as const } },
    ];
    const policy = { residency: { processing: ['us', 'eu'] }, failover: 'none' as const };

    const failure = await failureOf(plan(eligibilityOf([AZURE, AWS], policies), { tenant: 'acme', policy }));

    expect(failure).toMatchObject({ type: 'PolicyRefused', nonRetryable: true });
    expect(failure.message).toContain('tenant "acme" does not allow: residency.processing: us is not within eu');
  });
});

test('a place that nobody knows is told with the nearest', async () => {
  const failure = await failureOf(plan(eligibilityOf([AZURE]), { policy: { residency: { processing: ['ue'] } } }));

  expect(failure).toMatchObject({ type: 'PolicyRefused', message: expect.stringMatching(/nobody knows "ue" \(nearest: /) });
});

test('an unknown tenant is told by name', async () => {
  await expect(plan(eligibilityOf([AZURE]), { tenant: 'acme' })).rejects.toThrow('unknown tenant "acme"');
});

async function failureOf(planning: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await planning.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ApplicationFailure) return error;
  throw new Error(`it did not fail as it should: ${String(error)}`);
}
