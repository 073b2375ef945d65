/** When a fault is active, and what the ledger says of what it did. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { clearFaults, readLedger, setFaults } from '../support/emulated-cloud.ts';
import { eventually } from '../support/eventually.ts';
import type { Fault } from './fault-plan.ts';
import { FaultPlan } from './fault-plan.ts';
import type { Emulators } from './start-emulators.ts';
import { startEmulators } from './start-emulators.ts';

describe('a fault', () => {
  const hit = { on: 'create', model: 'a', nowMs: 0 } as const;
  const planOf = (fault: Partial<Extract<Fault, { kind: 'silence' }>>): FaultPlan => {
    const plan = new FaultPlan();
    plan.add([{ kind: 'silence', ...fault }], 0);
    return plan;
  };
  const hitsAt = (plan: FaultPlan, ...times: readonly number[]): readonly boolean[] =>
    times.map((nowMs) => plan.take({ ...hit, nowMs }) !== undefined);

  test('lets requests through first, and then hits so many', () => {
    expect(hitsAt(planOf({ skip: 1, count: 2 }), 0, 0, 0, 0)).toEqual([false, true, true, false]);
  });

  test('is over so long after its first hit', () => {
    expect(hitsAt(planOf({ forMs: 100 }), 500, 599, 600)).toEqual([true, true, false]);
  });

  test('has a window of time since it was set', () => {
    const plan = planOf({ fromMs: 100, untilMs: 200 });

    expect(hitsAt(plan, 99, 100, 199, 200)).toEqual([false, true, true, false]);
  });

  test('that is an outage is felt by every request, in its window too', () => {
    const plan = new FaultPlan();
    plan.add([{ kind: 'outage', fromMs: 100, untilMs: 200 }], 0);

    expect([99, 100, 200].map((nowMs) => plan.outage(nowMs))).toEqual([false, true, false]);
  });

  test('concerns the making of responses, unless it says otherwise, and one model if it says so', () => {
    const read = { ...hit, on: 'read' } as const;

    expect(planOf({}).take(read)).toBeUndefined();
    expect(planOf({ on: 'read' }).take(read)).toBeDefined();
    expect(planOf({ model: 'b' }).take(hit)).toBeUndefined();
  });
});

const NAME = 'openai';
let emulators: Emulators;
let url: string;
beforeAll(async () => {
  const turns = [{ text: 'a long answer that takes quite some events to be told' }];
  emulators = await startEmulators({ script: [{ when: { inputContains: 'hello' }, turns }] });
  url = `${String(emulators.endpoints[NAME]?.['baseUrl'])}/responses`;
});
afterAll(() => emulators.close());
afterEach(() => clearFaults(emulators, NAME));

const headers = { authorization: 'Bearer sk-emulated', 'content-type': 'application/json' };
const METADATA = { task: 'task-1', turn: '2', attempt: '3' };

function post(fields: object, signal?: AbortSignal): Promise<Response> {
  const body = JSON.stringify({ model: 'gpt-6.1-sol', input: 'hello', metadata: METADATA, ...fields });
  return fetch(url, { method: 'POST', headers, body, ...(signal === undefined ? {} : { signal }) });
}

const EVENT = z.looseObject({ type: z.string(), sequence_number: z.number() });
async function eventsOf(response: Response) {
  const blocks = (await response.text()).split('\n\n').filter((block) => block !== '');
  return blocks.map((block) => EVENT.parse(JSON.parse(block.slice(block.indexOf('data: ') + 'data: '.length))));
}

const lastEntry = async () => (await readLedger(emulators, NAME)).at(-1);

describe('the ledger', () => {
  const aTime = expect.any(Number) as number;

  test('says of an answer whose it is, when it came and ended, and what it cost', async () => {
    await (await post({ stream: true })).text();

    const entry = await lastEntry();
    expect(entry).toMatchObject({ method: 'POST', metadata: METADATA, outcome: 'completed', aborted: false, abortedAtMs: null });
    expect(entry).toMatchObject({ responseId: expect.any(String) as string, status: 200, fault: null });
    expect(entry?.billedUsage?.outputTokens).toBeGreaterThan(0);
    expect(entry?.endedAtMs ?? 0).toBeGreaterThanOrEqual(entry?.arrivedAtMs ?? Infinity);
  });

  test('says of a client that went away when it did, and bills what was generated until then', async () => {
    await setFaults(emulators, NAME, [{ kind: 'slow-stream', eventDelayMs: 50 }]);
    const controller = new AbortController();
    await (await post({ stream: true }, controller.signal)).body?.getReader().read();
    controller.abort();

    const entry = await eventually('the request is written off', async () => {
      const last = await lastEntry();
      return last?.abortedAtMs === null ? undefined : last;
    });
    expect(entry).toMatchObject({ outcome: 'aborted', aborted: true, disconnectedAtMs: aTime, fault: 'slow-stream' });
    expect(entry.billedUsage).not.toBeNull();
  });

  test.each([
    [
      { kind: 'status', status: 503 },
      { outcome: 'refused', status: 503, billedUsage: null, aborted: false },
    ],
    [{ kind: 'reset-before-accept' }, { outcome: 'broken', responseId: null, billedUsage: null }],
    [{ kind: 'reset-after-accept' }, { outcome: 'broken', billedUsage: null }],
    [
      { kind: 'reset-after-accept', billed: true },
      { outcome: 'broken', billedUsage: { inputTokens: aTime } },
    ],
    [
      { kind: 'stream-cut', at: 'after-output', billed: true },
      { outcome: 'broken', billedUsage: { inputTokens: aTime } },
    ],
    [
      { kind: 'response-end', status: 'failed' },
      { outcome: 'broken', billedUsage: null },
    ],
    [
      { kind: 'response-end', status: 'incomplete' },
      { outcome: 'completed', billedUsage: { inputTokens: aTime } },
    ],
  ])('of %j says %j', async (fault, expected) => {
    await setFaults(emulators, NAME, [fault]);
    await post({ stream: true })
      .then((response) => response.text())
      .catch(() => undefined);

    expect(await lastEntry()).toMatchObject({ ...expected, fault: fault.kind, endedAtMs: aTime });
  });
});

describe('a background response', () => {
  test('is streamed again from after an event', async () => {
    const all = await eventsOf(await post({ stream: true, background: true }));
    const id = (await lastEntry())?.responseId;

    const rest = await eventsOf(await fetch(`${url}/${id}?stream=true&starting_after=3`, { headers }));

    expect(rest).toEqual(all.slice(4));
    expect(rest.map(({ sequence_number }) => sequence_number)).toEqual(
      all.slice(4).map(({ sequence_number }) => sequence_number),
    );
  });

  test('that was made without a stream has none', async () => {
    await post({ background: true });
    const id = (await lastEntry())?.responseId;

    expect((await fetch(`${url}/${id}?stream=true`, { headers })).status).toBe(400);
    expect((await fetch(`${url}/${id}?stream=maybe`, { headers })).status).toBe(400);
    expect((await fetch(`${url}/${id}`, { headers })).status).toBe(200);
  });

  test('is unknown at another endpoint', async () => {
    await post({ background: true });
    const id = (await lastEntry())?.responseId;
    const azure = `${String(emulators.endpoints['azure-eastus2']?.['baseUrl'])}/responses/${id}`;

    expect((await fetch(azure, { headers: { 'api-key': 'emulated-azure-key' } })).status).toBe(404);
  });
});

test('the controls refuse a fault that they do not know, and answer while a port is closed', async () => {
  await expect(setFaults(emulators, NAME, [{ kind: 'earthquake' }])).rejects.toThrow('refuses these faults');
  await setFaults(emulators, NAME, [{ kind: 'connect-refused' }]);

  await expect(post({})).rejects.toThrow('fetch failed');
  expect(await readLedger(emulators, NAME)).toBeInstanceOf(Array);
  await clearFaults(emulators, NAME);
  expect((await post({})).status).toBe(200);
});
