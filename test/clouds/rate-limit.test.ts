/** What a cloud says is left of our quota per minute comes with its answers and with its failures. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ModelFailureError } from '../../activities/clouds/cloud-client.ts';
import { createCloudClient } from '../../activities/clouds/create-cloud-client.ts';
import { readRateLimit } from '../../activities/clouds/responses-api/read-rate-limit.ts';
import { startEmulators } from '../emulators/start-emulators.ts';
import { clearFaults, setFaults } from '../support/emulated-cloud.ts';
import { aCall, aRequest } from './builders.ts';
import { SURFACES, toSurface } from './emulated-surfaces.ts';

describe('the reset of a quota', () => {
  test.each([
    ['1s', 1_000],
    ['6m0s', 360_000],
    ['1h2m3s', 3_723_000],
    ['120ms', 120],
    ['1.5s', 1_500],
    ['20', 20_000],
    ['0', 0],
  ])('%s is %i ms', (text, expected) => {
    expect(readRateLimit(new Headers({ 'x-ratelimit-reset-tokens': text }))).toEqual({ tokensResetMs: expected });
  });

  test.each(['', 'soon', '-1', 's'])('%j is unknown', (text) => {
    expect(readRateLimit(new Headers({ 'x-ratelimit-reset-tokens': text }))).toBeUndefined();
  });
});

test('a remainder that is no count is left out', () => {
  const headers = new Headers({ 'x-ratelimit-remaining-requests': 'many', 'x-ratelimit-remaining-tokens': '12' });

  expect(readRateLimit(headers)).toEqual({ tokensRemaining: 12 });
});

const TELLS: ReadonlySet<string> = new Set(['openai', 'azure-eastus2']);
let emulators: Awaited<ReturnType<typeof startEmulators>>;
beforeAll(async () => {
  emulators = await startEmulators({ script: [] });
});
afterAll(() => emulators.close());
afterEach(() => Promise.all(SURFACES.map((name) => clearFaults(emulators, name))));

function ask(name: (typeof SURFACES)[number], overrides: object = {}) {
  const { connection, wireModel } = toSurface(emulators.endpoints[name], emulators.environment);
  return createCloudClient(connection).invoke(aRequest({ wireModel, customTools: false, ...overrides }), aCall());
}

async function errorOf(call: Promise<unknown>): Promise<ModelFailureError> {
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  if (error instanceof ModelFailureError) return error;
  throw new Error('it was answered');
}

const aReset = expect.toSatisfy((ms: number) => ms > 0 && ms <= 60_000) as number;

describe.each(SURFACES.filter((name) => TELLS.has(name)))('%s', (name) => {
  test('tells with an answer what is left', async () => {
    await setFaults(emulators, name, [{ kind: 'rate-limit', requests: 5, tokens: 1_000 }]);
    await ask(name);
    const { rateLimit } = await ask(name);

    expect(rateLimit).toMatchObject({ requestsResetMs: aReset, tokensResetMs: aReset });
    expect(rateLimit?.requestsRemaining).toBeLessThan(5);
    expect(rateLimit?.tokensRemaining).toBeLessThan(1_000);
  });

  test('tells with a refusal that nothing is left', async () => {
    await setFaults(emulators, name, [{ kind: 'rate-limit', requests: 1 }]);
    await ask(name).catch(() => undefined);

    const { failure, rateLimit } = await errorOf(ask(name));

    expect(failure).toMatchObject({ kind: 'rate-limited', retryAfterMs: aReset });
    expect(failure).not.toHaveProperty('rateLimit');
    expect(rateLimit).toMatchObject({ requestsRemaining: 0, requestsResetMs: aReset });
  });

  test('tells it with a stream that breaks', async () => {
    await setFaults(emulators, name, [{ kind: 'stream-cut' }]);

    expect((await errorOf(ask(name))).rateLimit).toMatchObject({ requestsRemaining: expect.any(Number) as number });
  });
});

test.each(SURFACES.filter((name) => !TELLS.has(name)))('%s tells nothing, and refuses all the same', async (name) => {
  expect(await ask(name)).not.toHaveProperty('rateLimit');
  await setFaults(emulators, name, [{ kind: 'rate-limit', requests: 1 }]);
  await ask(name).catch(() => undefined);

  const { failure, rateLimit } = await errorOf(ask(name));

  expect(failure).toMatchObject({ kind: 'rate-limited', retryAfterMs: aReset });
  expect(rateLimit).toBeUndefined();
});
