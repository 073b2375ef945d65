import type { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { createCloudClient } from '../../activities/clouds/create-cloud-client.ts';
import { createCircuitBoard } from '../../activities/health/circuit-board.ts';
import { createInvokeModel } from '../../activities/invoke-model.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { TaskStore } from '../../activities/store/task-store.ts';
import type { InvokeModelResult } from '../../workflows/activity-interfaces.ts';
import type { DeploymentId } from '../../workflows/domain/ids.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import { EMPTY_TRANSCRIPT } from '../../workflows/domain/transcript.ts';
import type { WireServer } from '../clouds/wire-server.ts';
import { completed, message, sendEvents, sendJson, startWireServer } from '../clouds/wire-server.ts';
import type { EligibilityFacts } from '../../activities/eligibility/tenant-eligibility.ts';
import { defaultPolicy } from '../../workflows/domain/tenant-policy.ts';
import { aDeployment, deploymentAt, MODEL, pricesOf } from '../support/builders.ts';
import { aFact, aSurface } from '../support/catalog-builders.ts';
import { eligibilityOf } from '../support/eligibility-scene.ts';

const TASK = toTaskId('task-1');
const KEEPS_NOTHING = { zeroRetention: 'yes', defaultDays: 0, flaggedDays: 0, blocks: [] } as const;

interface Asked {
  readonly pauseMs?: number;
  readonly cancelled?: AbortSignal;
  readonly deployment?: DeploymentId;
  readonly purpose?: 'compact';
}

let server: WireServer;
let folder: string;
let store: TaskStore;
let nowMs: number;
/** As the worker knows them now. */
let facts: EligibilityFacts;
let invoke: (attempt: number, more?: Asked) => Promise<InvokeModelResult>;

beforeEach(async () => {
  server = await startWireServer();
  folder = await mkdtemp(join(tmpdir(), 'anyport-invoke-'));
  store = await openSqliteTaskStore(join(folder, 'a.db'));
  nowMs = 1_000_000;
  facts = eligibilityOf([{ deployment: { endpoint: 'azure' } }]);
  const deployments = ['azure', 'aws', 'google'].map((endpoint) => ({
    deployment: aDeployment({
      endpoint,
      capabilities: ['streaming', ...(endpoint === 'aws' ? ['structured-output' as const] : [])],
    }),
    prices: pricesOf(aDeployment()),
    wireModel: 'm',
    background: endpoint === 'google',
    site: endpoint,
    client: createCloudClient({ cloud: 'openai', baseUrl: `${server.url}/v1`, apiKey: 'key' }),
  }));
  const gate = createCircuitBoard({
    store,
    deployments,
    workerId: 'worker',
    now: () => nowMs,
    chance: () => 0,
    alert: () => undefined,
  });
  const served = new Map(deployments.map((each) => [each.deployment.id, each]));
  const eligibility = {
    get loaded() {
      return facts.loaded;
    },
    get placed() {
      return facts.placed;
    },
    get policies() {
      return facts.policies;
    },
  };
  const invokeModel = createInvokeModel({
    store,
    served,
    gate,
    eligibility,
    toolDefinitions: () => [],
    isSideBySide: () => false,
  });
  const [hello = ''] = await store.putItems(TASK, [{ kind: 'user-message', text: 'hello' }]);
  const head = await store.appendToTranscript(TASK, EMPTY_TRANSCRIPT, [hello]);
  await store.putSettings(TASK, { instructions: 'Be brief.', tools: [] });
  const execution = { workflowId: `agent-task/${TASK}`, runId: 'run' };
  invoke = (attempt, { cancelled, ...more } = {}) => {
    const activity = () => invokeModel({ turn: 1, attempt, deployment: deploymentAt('azure'), head, results: [], ...more });
    const environment = new MockActivityEnvironment({ workflowExecution: execution }, { logger: new DefaultLogger('ERROR') });
    const running = environment.run<[], InvokeModelResult, typeof activity>(activity);
    cancelled?.addEventListener('abort', () => environment.cancel());
    return running;
  };
});
afterEach(async () => {
  await server.close();
  await store.close();
  await rm(folder, { recursive: true });
});

async function failureOf(call: Promise<unknown>): Promise<ApplicationFailure> {
  return call.then(
    () => Promise.reject(new Error('the call succeeded')),
    (error: ApplicationFailure) => error,
  );
}

test('a held attempt sends nothing, is in the journal, and a retry of the activity is told the same', async () => {
  server.answer((response) => sendJson(response, 404, { error: { code: 'model_not_found' } }));
  const open = { deployment: deploymentAt('azure'), kind: 'open', untilMs: nowMs + 300_000 };
  const notFound = await failureOf(invoke(1));
  expect(notFound.details).toMatchObject([{ kind: 'not-found' }, { notices: [open], isPanic: false }]);

  const held = await failureOf(invoke(2));

  const code = 'circuit open: deployment';
  const failure = {
    kind: 'held',
    phase: 'resolve',
    acceptance: 'not-accepted',
    scope: 'deployment',
    code,
    retryAfterMs: 300_000,
  };
  expect(held).toMatchObject({ type: 'ModelFailure.Held', nonRetryable: true, details: [failure, { notices: [open] }] });
  nowMs += 300_000;
  expect((await failureOf(invoke(2))).details).toEqual([failure]);
  expect((await store.listAttempts(TASK)).at(-1)?.state).toEqual({ kind: 'failed', failure });
  expect(server.requests).toHaveLength(1);
});

test('an answer says nothing of health when all is well, and a retry of its activity neither sends nor asks the gate', async () => {
  server.answer(
    (response) => sendEvents(response, [completed([message('hello')])]),
    (response) => sendJson(response, 401, { error: { code: 'invalid_api_key' } }),
  );
  const answer = await invoke(1);
  await failureOf(invoke(2));

  const again = await invoke(1);

  expect(answer).not.toHaveProperty('health');
  expect(again).toMatchObject({ ...answer, health: { notices: [{ kind: 'open' }] } });
  expect(server.requests).toHaveLength(2);
});

test('a retry with a pause sends after it, and a cancel within it ends the attempt unsent', async () => {
  server.answer((response) => sendEvents(response, [completed([message('hello')])]));

  const cancel = new AbortController();
  const paused = failureOf(invoke(1, { pauseMs: 3_600_000, cancelled: cancel.signal }));
  await invoke(2, { pauseMs: 1 });
  cancel.abort();
  await paused;

  expect(server.requests).toHaveLength(1);
  expect((await store.listAttempts(TASK)).map(({ state }) => state)).toMatchObject([
    { kind: 'cancelled', acceptance: 'not-accepted' },
    { kind: 'completed' },
  ]);
});

/** The task was planned for this tenant, when the azure deployment might serve it. */
async function plannedFor(tenant: string): Promise<void> {
  const need = {
    product: 'model',
    model: MODEL,
    capabilities: ['streaming'],
    inputTokens: 1_000_000,
    outputTokens: 1,
    durationDays: 900,
  } as const;
  await store.putSettings(TASK, { instructions: 'Be brief.', tools: [], eligibility: { tenant, need } });
}

test('a deployment whose offering was suspended since the route was planned is not called, and the journal says why', async () => {
  await plannedFor('default');
  facts = eligibilityOf([
    { deployment: { endpoint: 'azure' }, offering: { stage: [aFact('suspended' as const, { from: '2026-11-01' })] } },
  ]);

  const refused = await failureOf(invoke(1));

  const failure = { kind: 'ineligible', phase: 'resolve', acceptance: 'not-accepted', scope: 'deployment', code: 'SUSPENDED' };
  expect(refused).toMatchObject({ type: 'ModelFailure.Ineligible', nonRetryable: true, details: [failure] });
  expect((await store.listAttempts(TASK)).at(-1)?.state).toEqual({ kind: 'failed', failure });
  expect(server.requests).toHaveLength(0);
});

test("a task's residency holds at every call: one that was narrowed since the route was planned is kept", async () => {
  await plannedFor('acme');
  const residency = { processing: ['eu'], storage: '*', maxScope: 'geo' } as const;
  facts = eligibilityOf([{ deployment: { endpoint: 'azure' } }], [{ ...defaultPolicy('acme'), residency }]);

  expect((await failureOf(invoke(1))).details).toMatchObject([{ kind: 'ineligible', code: 'RESIDENCY_PROCESSING' }]);
  expect(server.requests).toHaveLength(0);
});

test('a tenant that is configured no more gets no call', async () => {
  await plannedFor('acme');

  expect((await failureOf(invoke(1))).details).toMatchObject([{ kind: 'ineligible', code: 'TENANT_DENY' }]);
});

test('how large a task was thought to be, and how long, is not asked again once it runs', async () => {
  await plannedFor('default');
  facts = eligibilityOf([
    {
      deployment: { endpoint: 'azure' },
      offering: { limits: [aFact({ contextTokens: 10 })], retirement: [aFact({ shutdown: '2999-01-01' })] },
    },
  ]);
  server.answer((response) => sendEvents(response, [completed([message('hello')])]));

  expect(await invoke(1)).toMatchObject({ excerpt: 'hello' });
});

test('nothing is stored at a cloud for a tenant that asks for zero retention, whatever its endpoint is configured with', async () => {
  const google = deploymentAt('google');
  server.answer(
    (response) => sendEvents(response, [completed([message('hello')])]),
    (response) => sendEvents(response, [completed([message('hello')])]),
  );
  await invoke(1, { deployment: google });
  await plannedFor('acme');
  facts = eligibilityOf(
    [{ deployment: { endpoint: 'google' }, offering: { surface: aSurface({ retention: [aFact(KEEPS_NOTHING)] }) } }],
    [{ ...defaultPolicy('acme'), zeroRetention: true }],
  );

  await invoke(2, { deployment: google });

  const [free, bound]: unknown[] = server.requests.map(({ body }) => JSON.parse(body));
  expect(free).toMatchObject({ background: true });
  expect(bound).toMatchObject({ store: false });
  expect(bound).not.toHaveProperty('background');
});

test('another model answers only while the policy lets it stand in', async () => {
  await plannedFor('acme');
  const settings = await store.getSettings(TASK);
  const { eligibility } = settings;
  if (eligibility === undefined) throw new Error('the task was planned');
  await store.putSettings(TASK, {
    ...settings,
    eligibility: { ...eligibility, need: { ...eligibility.need, model: 'gpt-6-sol' } },
  });
  facts = eligibilityOf(
    [{ deployment: { endpoint: 'azure' } }],
    [{ ...defaultPolicy('acme'), substitution: { 'gpt-6-sol': [MODEL] } }],
  );
  server.answer((response) => sendEvents(response, [completed([message('hello')])]));

  expect(await invoke(1)).toMatchObject({ excerpt: 'hello' });
  facts = eligibilityOf([{ deployment: { endpoint: 'azure' } }], [defaultPolicy('acme')]);
  expect((await failureOf(invoke(2))).details).toMatchObject([{ kind: 'ineligible', code: 'TENANT_DENY' }]);
});

test('an answer is held to its schema where the deployment can be, but never the summary of a conversation', async () => {
  const outputSchema = { type: 'object', properties: {} };
  await store.putSettings(TASK, { instructions: 'Be brief.', tools: [], outputSchema });
  server.answer((response) => sendEvents(response, [completed([message('{}')])]));

  await invoke(1, { deployment: deploymentAt('aws') });
  await invoke(2, { deployment: deploymentAt('azure') });
  await invoke(3, { deployment: deploymentAt('aws'), purpose: 'compact' });

  const formats = server.requests.map(({ body }) => z.object({ text: z.unknown().optional() }).parse(JSON.parse(body)).text);
  expect(formats).toEqual([
    { format: expect.objectContaining({ type: 'json_schema', schema: outputSchema }) },
    undefined,
    undefined,
  ]);
});
