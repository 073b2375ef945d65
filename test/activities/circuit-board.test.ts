/** Two boards over one file are two workers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AttemptGate, NewAttempt, Ticket } from '../../activities/health/attempt-gate.ts';
import type { BoardTarget } from '../../activities/health/board.ts';
import { createCircuitBoard } from '../../activities/health/circuit-board.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { TaskStore } from '../../activities/store/task-store.ts';
import { TaskStoreError } from '../../activities/store/task-store.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import type { RateLimits } from '../../workflows/domain/rate-window.ts';
import type { Usage } from '../../workflows/domain/usage.ts';
import { aDeployment, aFailure, deploymentAt, MODEL } from '../support/builders.ts';

const USAGE: Usage = { inputTokens: 100, cachedInputTokens: 0, outputTokens: 50, reasoningTokens: 0 };
const ANSWERED = { kind: 'answered', usage: USAGE } as const;
const LIMITED: RateLimits = { requestsPerMinute: 3, tokensPerMinute: 10_000 };
const QUOTA: Partial<ModelFailure> = { kind: 'quota-exhausted', scope: 'account', phase: 'headers', status: 429 };

let folder: string;
let stores: readonly TaskStore[];
let nowMs: number;
let alerts: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anyport-board-'));
  const file = join(folder, 'a.db');
  stores = await Promise.all([openSqliteTaskStore(file), openSqliteTaskStore(file)]);
  nowMs = 1_000_000;
  alerts = [];
});
afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await rm(folder, { recursive: true });
});

/** One board per store over these endpoints. */
function twoBoards(...endpoints: readonly (string | BoardTarget)[]): [AttemptGate, AttemptGate] {
  const deployments = endpoints.map((each) => (typeof each === 'string' ? at(each) : each));
  const [one, two] = stores.map((store, index) =>
    createCircuitBoard({
      store,
      deployments,
      workerId: `worker-${index}`,
      now: () => nowMs,
      chance: () => 0,
      alert: (message) => alerts.push(message),
    }),
  );
  if (one === undefined || two === undefined) throw new Error('there are two stores');
  return [one, two];
}

function at(endpoint: string, overrides: Partial<BoardTarget> = {}): BoardTarget {
  return { deployment: aDeployment({ endpoint }), site: `${endpoint}.example`, ...overrides };
}

function admit(board: AttemptGate, attempt: Partial<NewAttempt> & { endpoint?: string } = {}): Promise<Ticket> {
  const { endpoint = 'azure', ...rest } = attempt;
  return board.admit({
    taskId: toTaskId('task-1'),
    deployment: deploymentAt(endpoint),
    estimateTokens: () => 1_000,
    ...rest,
  });
}

async function fail(board: AttemptGate, failure: Partial<ModelFailure> = {}, attempt: Parameters<typeof admit>[1] = {}) {
  const ticket = await admit(board, attempt);
  await ticket.end({ kind: 'failed', failure: aFailure(failure) });
}

async function answer(board: AttemptGate, attempt: Parameters<typeof admit>[1] = {}): Promise<void> {
  const ticket = await admit(board, attempt);
  ticket.firstEvent();
  await ticket.end(ANSWERED);
}

/** Breaks a deployment's circuit: three refusals in a row. */
async function breakCircuit(board: AttemptGate, endpoint = 'azure'): Promise<void> {
  for (let times = 0; times < 3; times += 1) await fail(board, {}, { endpoint });
}

function held(code: string, retryAfterMs?: number): object {
  return {
    failure: {
      kind: 'held',
      phase: 'resolve',
      acceptance: 'not-accepted',
      scope: 'deployment',
      code,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  };
}

describe('a circuit that one worker opened', () => {
  test('holds the other worker’s attempts within a second, and both tell the turn', async () => {
    const [one, two] = twoBoards('azure', 'aws', 'google');
    await answer(two);
    expect(await two.snapshot(MODEL)).toBeUndefined();
    await breakCircuit(one);

    nowMs += 1_000;
    await expect(admit(two)).rejects.toMatchObject(held('circuit open: deployment', 14_000));
    await expect(admit(one)).rejects.toMatchObject(held('circuit open: deployment'));
    const health = {
      notices: [{ deployment: deploymentAt('azure'), kind: 'open', untilMs: 1_015_000 }],
      withoutRetries: [],
      isPanic: false,
    };
    expect(await two.snapshot(MODEL)).toEqual(health);
    expect(await one.snapshot(MODEL)).toEqual(health);
    await answer(two, { endpoint: 'aws' });
    expect(alerts).toEqual([expect.stringContaining('circuit deployment:azure')]);
  });

  test('lets one probe through for all workers, and the others move on', async () => {
    const [one, two] = twoBoards('azure', 'aws', 'google');
    await breakCircuit(one);
    nowMs += 15_000;

    const tries = await Promise.allSettled([admit(one), admit(two), admit(one), admit(two)]);

    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(tries.filter(({ status }) => status === 'rejected')).toMatchObject(
      Array.from({ length: 3 }, () => ({ reason: held('probed by another attempt: deployment') })),
    );
    nowMs += 1_000;
    expect(await two.snapshot(MODEL)).toMatchObject({ notices: [{ kind: 'probing', untilMs: nowMs + 10_000 }] });
  });

  test('opens for twice as long when the probe fails', async () => {
    const [one, two] = twoBoards('azure', 'aws', 'google');
    await breakCircuit(one);
    nowMs += 15_000;
    await fail(two, { kind: 'overloaded', status: 503, phase: 'headers' });

    nowMs += 1_000;
    await expect(admit(one)).rejects.toMatchObject(held('circuit open: deployment', 29_000));
  });

  test('is probed again at once when the probe was cancelled', async () => {
    const [one, two] = twoBoards('azure', 'aws', 'google');
    await breakCircuit(one);
    nowMs += 15_000;
    const probe = await admit(one);
    await probe.end({ kind: 'abandoned' });

    await expect(admit(two)).resolves.toBeDefined();
  });

  test('is probed by another when the worker with the probe is gone', async () => {
    const [one, two] = twoBoards('azure', 'aws', 'google');
    await breakCircuit(one);
    nowMs += 15_000;
    await admit(one);

    nowMs += 60_000;
    await expect(admit(two)).rejects.toMatchObject(held('probed by another attempt: deployment'));
    nowMs += 30_000;
    await expect(admit(two)).resolves.toBeDefined();
  });

  test('closes after three answers, and no older failure counts any more', async () => {
    const [one, two] = twoBoards('azure', 'aws', 'google');
    await fail(two);
    await breakCircuit(one);
    nowMs += 15_000;
    await answer(one);
    await answer(one);
    nowMs += 1_000;
    await answer(two);

    nowMs += 1_000;
    await fail(two);
    await fail(two);
    await answer(one);
    expect(await one.snapshot(MODEL)).toBeUndefined();
  });

  test('lets a tenth of the attempts through after the probe’s answer', async () => {
    const [one] = twoBoards('azure', 'aws', 'google');
    await breakCircuit(one);
    nowMs += 15_000;
    await answer(one);

    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => admit(one)));

    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });
});

describe('a failure', () => {
  test('of the whole cloud, an account, a model or a credential is felt by the deployments that share it', async () => {
    const mini = aDeployment({ endpoint: 'azure', model: 'mini', id: deploymentAt('azure-mini') });
    const [one] = twoBoards('azure', { deployment: mini, site: 'azure.example' }, 'aws');
    await fail(one, QUOTA);

    await expect(one.admit({ taskId: toTaskId('t'), deployment: mini.id, estimateTokens: () => 1 })).rejects.toMatchObject(
      held('circuit open: account', 900_000),
    );
    await answer(one, { endpoint: 'aws' });
    expect(alerts).toEqual([expect.stringContaining('opened for 900 s: quota-exhausted')]);
  });

  test.each([
    [
      'authentication',
      { kind: 'authentication', scope: 'credential', phase: 'headers', status: 401 },
      { scope: 'credential', pauseMs: 60_000 },
    ],
    [
      'of token acquisition',
      { kind: 'authentication', scope: 'credential', phase: 'resolve' },
      { scope: 'token', pauseMs: 15_000 },
    ],
    ['of a missing deployment', { kind: 'not-found', phase: 'headers', status: 404 }, { scope: 'deployment', pauseMs: 300_000 }],
  ] as const)('%s opens its scope at once', async (_name, failure, { scope, pauseMs }) => {
    const [one] = twoBoards('azure', 'aws', 'google');
    await fail(one, failure);

    await expect(admit(one)).rejects.toMatchObject(held(`circuit open: ${scope}`, pauseMs));
  });

  test('after acceptance, three times in a row, opens, and an answer in between begins anew', async () => {
    const cut = { kind: 'protocol', phase: 'output', acceptance: 'accepted' } as const;
    const [one] = twoBoards('azure', 'aws', 'google');
    const failStarted = async (): Promise<void> => {
      const ticket = await admit(one);
      ticket.firstEvent();
      await ticket.end({ kind: 'failed', failure: aFailure(cut) });
    };
    for (let times = 0; times < 5; times += 1) await answer(one);
    await failStarted();
    await failStarted();
    await answer(one);
    await failStarted();
    await failStarted();
    expect(await one.snapshot(MODEL)).toBeUndefined();

    await failStarted();

    await expect(admit(one)).rejects.toMatchObject(held('circuit open: deployment', 15_000));
    expect(alerts).toEqual([expect.stringContaining('3 attempts in a row failed; last: protocol (output)')]);
  });

  test('of a few among many under way opens nothing', async () => {
    const [one] = twoBoards('azure', 'aws', 'google');
    const tickets = await Promise.all(Array.from({ length: 50 }, () => admit(one)));
    for (const ticket of tickets) ticket.firstEvent();
    for (const ticket of tickets.slice(0, 4)) {
      await ticket.end({ kind: 'failed', failure: aFailure({ kind: 'protocol', phase: 'output', acceptance: 'accepted' }) });
    }

    expect(await one.snapshot(MODEL)).toBeUndefined();
    for (const ticket of tickets) await ticket.end({ kind: 'abandoned' });
  });

  test('of the request or the transcript alone opens nothing', async () => {
    const [one] = twoBoards('azure', 'aws', 'google');
    for (let times = 0; times < 10; times += 1) {
      await fail(one, { kind: 'content-filtered', scope: 'request', phase: 'headers', status: 400 });
      await fail(one, { kind: 'invalid-transcript', scope: 'transcript', phase: 'headers', status: 400 });
      await fail(one, { kind: 'invalid-request', scope: 'request', phase: 'headers', status: 400 });
    }

    await answer(one);
    expect(await one.snapshot(MODEL)).toBeUndefined();
  });

  test('of three tasks’ requests within a minute opens the model, whichever workers they met', async () => {
    const [one, two] = twoBoards('azure', 'aws', 'google');
    const refused = { kind: 'invalid-request', scope: 'request', phase: 'headers', status: 400 } as const;
    for (const [index, board] of [one, two, one].entries()) await fail(board, refused, { taskId: toTaskId(`task-${index}`) });

    await expect(admit(one)).rejects.toMatchObject(held('circuit open: model'));
  });

  test('by rate limit throttles for as long as the cloud says, and a storm of them opens nothing', async () => {
    const [one, two] = twoBoards('azure', 'aws', 'google');
    const limited = { kind: 'rate-limited', phase: 'headers', status: 429, retryAfterMs: 4_000 } as const;
    const tickets = await Promise.all(Array.from({ length: 15 }, () => admit(one)));
    for (const ticket of tickets) await ticket.end({ kind: 'failed', failure: aFailure(limited) });

    nowMs += 1_000;
    expect(await two.snapshot(MODEL)).toMatchObject({ notices: [{ kind: 'throttled', untilMs: nowMs + 3_000 }] });
    await expect(admit(two)).rejects.toMatchObject(held('throttled', 3_000));
    await admit(two, { retry: 'throttle' });
    nowMs += 3_000;
    await answer(two);
    expect(alerts).toEqual([]);
  });

  test('by rate limit that comes again after its pause throttles for longer, and is told as such until it answers', async () => {
    const [one, two] = twoBoards('azure', 'aws', 'google');
    const limited = { kind: 'rate-limited', phase: 'headers', status: 429, retryAfterMs: 2_000 } as const;
    await fail(one, limited);
    const [first] = (await one.snapshot(MODEL))?.notices ?? [];
    expect(first).toEqual({ deployment: deploymentAt('azure'), kind: 'throttled', untilMs: nowMs + 2_000 });
    nowMs += 2_000;
    await fail(one, limited, { retry: 'throttle' });

    nowMs += 1_000;
    const [second] = (await two.snapshot(MODEL))?.notices ?? [];
    expect(second).toEqual({ deployment: deploymentAt('azure'), kind: 'throttled', untilMs: nowMs + 3_000, isRepeated: true });
    nowMs += 3_000;
    await answer(two);
    await fail(two, limited);
    expect((await two.snapshot(MODEL))?.notices).toEqual([
      { deployment: deploymentAt('azure'), kind: 'throttled', untilMs: nowMs + 2_000 },
    ]);
  });
});

test('calls that stay silent open the circuit before they end', async () => {
  const [one] = twoBoards('azure', 'aws', 'google');
  await Promise.all(Array.from({ length: 5 }, () => admit(one)));

  nowMs += 20_000;
  const sixth = await admit(one);
  nowMs += 1;
  await expect(admit(one)).rejects.toMatchObject(held('circuit open: deployment', 15_000));
  await sixth.end(ANSWERED);
  expect(alerts).toEqual([expect.stringContaining('slow to begin')]);
});

test('when most deployments fail, circuits open briefly and one warning asks whether it is us', async () => {
  const [one] = twoBoards('azure', 'aws', 'google', 'openai');
  for (const endpoint of ['azure', 'aws', 'google']) await breakCircuit(one, endpoint);
  expect(await one.snapshot(MODEL)).toMatchObject({ isPanic: true });
  await fail(one, QUOTA, { endpoint: 'openai' });

  await expect(admit(one, { endpoint: 'openai' })).rejects.toMatchObject(held('circuit open: account', 15_000));
  await one.snapshot(MODEL);
  nowMs += 20_000;
  expect(await one.snapshot(MODEL)).toBeUndefined();
  expect(alerts.filter((alert) => alert.includes('our own network'))).toHaveLength(1);
});

describe('the budget of retries of an endpoint', () => {
  test('is one for all workers, and an empty one allows first attempts alone', async () => {
    const [one, two] = twoBoards('azure', 'aws', 'google');
    for (let times = 0; times < 35; times += 1) {
      const ticket = await admit(times % 2 === 0 ? one : two, { retry: 'transient' });
      await ticket.end({ kind: 'abandoned' });
    }

    await expect(admit(one, { retry: 'transient' })).rejects.toMatchObject(held('retry budget'));
    await expect(admit(two, { retry: 'throttle' })).rejects.toMatchObject(held('retry budget'));
    nowMs += 1_000;
    expect(await two.snapshot(MODEL)).toMatchObject({ notices: [], withoutRetries: ['azure'] });
    for (let times = 0; times < 31; times += 1) await answer(one);
    expect(await one.snapshot(MODEL)).toMatchObject({ withoutRetries: ['azure'] });
    await answer(one);
    expect(await one.snapshot(MODEL)).toBeUndefined();
    await admit(two, { retry: 'transient' });
  });

  test('gets the cost of a retry back when it succeeds', async () => {
    const [one] = twoBoards('azure', 'aws', 'google');
    for (let times = 0; times < 100; times += 1) await answer(one, { retry: 'transient' });

    expect(await one.snapshot(MODEL)).toBeUndefined();
  });
});

describe('limits per minute', () => {
  test('hold what does not fit until there is room, for all workers together', async () => {
    const [one, two] = twoBoards(at('azure', { limits: LIMITED }), 'aws', 'google');
    await admit(one);
    await admit(two);
    await admit(one);

    await expect(admit(two)).rejects.toMatchObject(held('rate limit', 20_000));
    expect(await two.snapshot(MODEL)).toMatchObject({
      notices: [{ deployment: deploymentAt('azure'), kind: 'throttled', untilMs: nowMs + 20_000 }],
    });
    nowMs += 20_000;
    await admit(two);
  });

  test('hold for hundreds of attempts of one worker at once', async () => {
    const [one, two] = twoBoards(at('azure', { limits: { requestsPerMinute: 100 } }), 'aws');

    const tries = await Promise.allSettled(Array.from({ length: 300 }, (_each, index) => admit(index % 3 === 0 ? two : one)));

    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(100);
    expect(tries.find(({ status }) => status === 'rejected')).toMatchObject({ reason: held('rate limit', 600) });
  });

  test('give back what a call did not use, and what a refused one did not', async () => {
    const [one] = twoBoards(at('azure', { limits: { tokensPerMinute: 1_500 } }), 'aws');
    await answer(one);
    await fail(one, { kind: 'overloaded', phase: 'headers', status: 503 });

    await admit(one);
    await expect(admit(one)).rejects.toMatchObject(held('rate limit'));
  });

  test('follow what the cloud says is left', async () => {
    const [one] = twoBoards(at('azure', { limits: { tokensPerMinute: 100_000 } }), 'aws');
    const ticket = await admit(one);
    await ticket.end({ ...ANSWERED, rateLimit: { tokensRemaining: 500 } });

    await expect(admit(one)).rejects.toMatchObject(held('rate limit', 300));
  });
});

test('when the store is away nobody is let through, and an attempt’s own end is not lost', async () => {
  const [one] = twoBoards('azure', 'aws', 'google');
  const ticket = await admit(one);
  await stores[0]?.close();
  nowMs += 1_000;

  await expect(admit(one)).rejects.toThrow(TaskStoreError);
  await ticket.end({ kind: 'failed', failure: aFailure({ kind: 'not-found', status: 404 }) });
});
