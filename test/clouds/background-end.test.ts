/** How a background response may end, at every emulated cloud that has them: told by its stream, and by picking it up. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CloudClient, ModelRequest } from '../../activities/clouds/cloud-client.ts';
import { createCloudClient } from '../../activities/clouds/create-cloud-client.ts';
import { startEmulators } from '../emulators/start-emulators.ts';
import { clearFaults, readLedger, setFaults } from '../support/emulated-cloud.ts';
import { aCall, aRequest, failureOf } from './builders.ts';
import { toSurface } from './emulated-surfaces.ts';

const GONE = { kind: 'not-found', acceptance: 'accepted' };

let emulators: Awaited<ReturnType<typeof startEmulators>>;
beforeAll(async () => {
  emulators = await startEmulators({ script: [{ when: { inputContains: 'say hello' }, turns: [{ text: 'hello there' }] }] });
});
afterAll(() => emulators.close());

describe.each(['openai', 'azure-eastus2', 'aws-us-east-1'])('a background response of %s', (name) => {
  let client: CloudClient;
  let request: ModelRequest;
  beforeAll(() => {
    const { connection, wireModel } = toSurface(emulators.endpoints[name], emulators.environment);
    client = createCloudClient(connection, { firstEventMs: 15_000, idleMs: 15_000, pollMs: 10 });
    request = aRequest({ wireModel, background: true });
  });
  afterEach(() => clearFaults(emulators, name));

  /** Makes a response that ends so, and loses its stream after the first event. */
  async function lose(...faults: readonly object[]): Promise<string> {
    await setFaults(emulators, name, faults);
    const controller = new AbortController();
    const call = aCall({ signal: controller.signal, onEvent: (sequence) => sequence > 0 && controller.abort(new Error('lost')) });
    await client.invoke(request, call).catch(() => undefined);
    return call.responseIds[0] ?? '';
  }

  test('that failed says so, however it is read', async () => {
    const id = await lose({ kind: 'background-end', status: 'failed' });

    expect(await failureOf(client.reattach(id, request, aCall()))).toMatchObject({
      kind: 'unavailable',
      phase: 'terminal',
      acceptance: 'accepted',
      code: 'server_error',
      responseId: id,
    });
  });

  test('that was cut off by a limit is an answer, and says so', async () => {
    const id = await lose({ kind: 'background-end', status: 'incomplete' });

    expect(await client.reattach(id, request, aCall())).toMatchObject({ responseId: id, incomplete: 'max-output-tokens' });
  });

  test('that expired is gone', async () => {
    const id = await lose({ kind: 'background-end', status: 'expired' });

    expect(await failureOf(client.reattach(id, request, aCall()))).toMatchObject({ ...GONE, responseId: id });
  });

  test('that was cancelled by another is gone', async () => {
    const id = await lose({ kind: 'background-end', status: 'cancelled' });

    expect(await failureOf(client.reattach(id, request, aCall()))).toMatchObject({ ...GONE, code: 'response_cancelled' });
  });

  test('whose stream ends too early once more is asked for its end', async () => {
    const id = await lose();
    await setFaults(emulators, name, [{ kind: 'missing-terminal', on: 'read', count: 1 }]);

    expect(await client.reattach(id, request, aCall())).toMatchObject({ responseId: id, items: [{}] });
  });

  test.each([
    [
      { kind: 'status', reason: 'unavailable' },
      { kind: 'overloaded', status: 503 },
    ],
    [
      { kind: 'stream-cut', at: 'after-output' },
      { kind: 'protocol', code: 'stream cut' },
    ],
    [{ kind: 'reset-before-accept' }, { kind: 'unavailable', phase: 'sent' }],
  ])('that is read through %j is kept for another try', async (fault, expected) => {
    const id = await lose();
    await setFaults(emulators, name, [{ ...fault, on: 'read', count: 1 }]);

    expect(await failureOf(client.reattach(id, request, aCall()))).toMatchObject({ ...expected, acceptance: 'accepted' });
    expect(await client.reattach(id, request, aCall())).toMatchObject({ responseId: id });
  });

  test('is generated once and billed once, whoever reads it', async () => {
    const id = await lose();
    await client.reattach(id, request, aCall());
    await client.reattach(id, request, aCall());

    const entries = (await readLedger(emulators, name)).filter(({ responseId }) => responseId === id);
    expect(entries.map(({ method, billedUsage }) => [method, billedUsage !== null])).toEqual([
      ['POST', true],
      ['GET', false],
      ['GET', false],
    ]);
    expect(entries[0]).toMatchObject({ outcome: 'completed', aborted: false, disconnectedAtMs: expect.any(Number) as number });
  });
});
