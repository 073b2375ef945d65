import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { createExplainEndpoint } from '../../activities/explain-endpoint.ts';
import type { AttemptGate } from '../../activities/health/attempt-gate.ts';
import type { Drains } from '../../activities/health/drains.ts';
import { createDrains, withDrains } from '../../activities/health/drains.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { QueueHold } from '../../workflows/domain/queue-hold.ts';
import type { RouteHealth } from '../../workflows/domain/route-health.ts';
import { HEALTHY } from '../../workflows/domain/route-health.ts';
import { aDeployment, deploymentAt, MODEL } from '../support/builders.ts';

const DRAINED: QueueHold = { kind: 'drained', perSecond: 0, reason: 'planned work', by: 'ada@ops' };
const THROTTLED: QueueHold = { ...DRAINED, kind: 'throttled', perSecond: 0.5 };
const DEPLOYMENTS = ['azure', 'aws'].map((endpoint) => aDeployment({ endpoint }));

let nowMs: number;
let asked: string[];
let answers: Map<string, () => Promise<QueueHold | undefined>>;
let drains: Drains;

beforeEach(() => {
  nowMs = 1_000_000;
  asked = [];
  answers = new Map();
  drains = createDrains({
    endpoints: ['azure', 'aws', 'azure'],
    now: () => nowMs,
    async readHold(endpoint) {
      asked.push(endpoint);
      return answers.get(endpoint)?.();
    },
  });
});

function gateWith(known: RouteHealth | undefined): AttemptGate {
  const gate: AttemptGate = {
    admit: () => Promise.reject(new Error('nothing is sent here')),
    snapshot: async () => known,
  };
  return withDrains(gate, { drains, deployments: DEPLOYMENTS, now: () => nowMs });
}

test('a drained endpoint is told with what else is known, a throttled one is not', async () => {
  answers.set('azure', async () => DRAINED);
  answers.set('aws', async () => THROTTLED);
  const notice = { deployment: deploymentAt('azure'), kind: 'drained', untilMs: nowMs + 10_000 };
  const open = { deployment: deploymentAt('aws'), kind: 'open', untilMs: nowMs + 1 } as const;

  expect(await gateWith(undefined).snapshot(MODEL)).toEqual({ ...HEALTHY, notices: [notice] });
  expect(await gateWith({ ...HEALTHY, notices: [open], isPanic: true }).snapshot(MODEL)).toEqual({
    ...HEALTHY,
    notices: [open, notice],
    isPanic: true,
  });
  expect(await gateWith(undefined).snapshot('another-model')).toBeUndefined();
});

test('each endpoint is asked once in two seconds, and a drain that was lifted is forgotten', async () => {
  answers.set('azure', async () => DRAINED);
  await Promise.all([drains.list(), drains.list()]);
  nowMs += 1_999;
  expect(await drains.list()).toEqual(new Set(['azure']));
  expect(asked).toEqual(['azure', 'aws']);
  answers.delete('azure');
  nowMs += 1;

  expect(await drains.list()).toEqual(new Set());
  expect(asked).toHaveLength(4);
});

test('Temporal that fails or does not answer keeps nobody, and what it said last holds', async () => {
  answers.set('azure', async () => DRAINED);
  await drains.list();
  nowMs += 2_000;
  answers.set('azure', () => Promise.reject(new Error('14 UNAVAILABLE')));
  expect(await drains.list()).toEqual(new Set(['azure']));
  nowMs += 2_000;
  answers.set('azure', () => new Promise(() => undefined));

  expect(await drains.list()).toEqual(new Set(['azure']));
  expect(asked).toHaveLength(6);
});

test('an endpoint that was looked at is known without asking again', async () => {
  await drains.list();
  answers.set('azure', async () => DRAINED);
  const gate = gateWith(undefined);
  const store = await openSqliteTaskStore(join(await mkdtemp(join(tmpdir(), 'anyport-drains-')), 'a.db'));
  const explainEndpoint = createExplainEndpoint({ store, gate, deployments: DEPLOYMENTS, readHold: drains.look });

  const explained = await explainEndpoint({ endpoint: 'azure', deployment: deploymentAt('azure') });

  expect(explained).toMatchObject({ hold: DRAINED, health: { notices: [{ kind: 'drained' }] } });
  expect(asked).toEqual(['azure', 'aws', 'azure']);
  expect(await explainEndpoint({ endpoint: 'aws' })).toEqual({});
});
