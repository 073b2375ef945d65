/** What every adapter makes of what goes wrong. */
import { describe, expect, test } from 'vitest';
import { failureOf } from '../clouds/builders.ts';
import { FAILURE_MESSAGE } from '../emulators/managed-agents/failure-message.ts';
import { INSTRUCTIONS, aPlan, clearAgentFaults, listening, openWith, says } from './conversation.ts';
import { EMULATED_SERVICES } from './emulated-services.ts';
import { aScene, IMPATIENT, PATIENT } from './scene.ts';

describe.each(EMULATED_SERVICES)('failures at $name', (service) => {
  const { client, emulator, fault } = aScene(service);

  const opening = (by = client()) => failureOf(by.open(aPlan(service), says('say hello'), listening()));
  const sendingAfter = async (cause: object, by = client()) => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    await fault(cause);
    return failureOf(by.send(session, says('and once more'), listening()));
  };

  test.each([
    [
      { kind: 'status', status: 429 },
      { kind: 'rate-limited', acceptance: 'not-accepted' },
    ],
    [
      { kind: 'status', reason: 'quota-exhausted' },
      { kind: 'quota-exhausted', acceptance: 'not-accepted' },
    ],
    [
      { kind: 'status', status: 503 },
      { kind: 'overloaded', acceptance: 'not-accepted' },
    ],
    [
      { kind: 'status', status: 500 },
      { kind: 'unavailable', acceptance: 'unknown' },
    ],
    [
      { kind: 'status', status: 400 },
      { kind: 'invalid-request', acceptance: 'not-accepted' },
    ],
    [
      { kind: 'status', status: 403 },
      { kind: 'authentication', acceptance: 'not-accepted' },
    ],
    [{ kind: 'input-lost' }, { kind: 'unavailable', acceptance: 'unknown' }],
  ])('of %j are told as %j', async (cause, expected) => {
    await fault({ ...cause, on: 'open' });
    expect(await opening()).toMatchObject(expected);
    await clearAgentFaults(emulator().control);

    expect(await sendingAfter({ ...cause, on: 'input' })).toMatchObject(expected);
  });

  test('of a session that is busy are told as passing', async () => {
    const failure = await sendingAfter({ kind: 'busy', count: 1 });

    expect(failure).toMatchObject({ kind: 'unavailable', acceptance: 'not-accepted', status: expect.any(Number) });
  });

  test('of silence are told as such, with what it says about the input', async () => {
    const impatient = service.createClient(emulator().origin, IMPATIENT);

    expect(await sendingAfter({ kind: 'silence', on: 'input', count: 1 }, impatient)).toMatchObject({
      kind: 'timeout',
      acceptance: 'unknown',
    });
    expect(await sendingAfter({ kind: 'stream-stall', count: 1 }, impatient)).toMatchObject({
      kind: 'timeout',
      acceptance: 'accepted',
    });
  });

  test('of credentials, entitlement and region are told apart from those of a request', async () => {
    expect(await opening(service.createStranger(emulator().origin, PATIENT))).toMatchObject({ kind: 'authentication' });
    await fault({ kind: 'not-entitled', count: 1 });
    expect(await opening()).toMatchObject({ kind: 'authentication', acceptance: 'not-accepted' });
    await fault({ kind: 'not-in-region', count: 1 });
    expect(await opening()).toMatchObject({ kind: 'not-found', acceptance: 'not-accepted', scope: 'deployment' });
  });

  test.each(Object.entries(service.turnCodes))('of a turn that ends with %s are told as %s', async (code, kind) => {
    const failure = await sendingAfter({ kind: 'turn-failed', code, count: 1 });

    expect(failure).toMatchObject({ kind, code, acceptance: 'accepted' });
  });

  test.runIf(service.traits.readableSessions)('of a turn are told by whoever asks later, too', async () => {
    const [code, kind] = Object.entries(service.turnCodes)[0] ?? [];
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    const input = says('and once more');
    await fault({ kind: 'turn-failed', code, count: 1 }, { kind: 'stream-cut', afterEvents: 1, count: 1 });
    await failureOf(client().send(session, input, listening()));

    const failure = await failureOf(client().reconcile(session, input, listening()));

    expect(['protocol', kind]).toContain(failure.kind);
    expect(failure.acceptance).toBe('accepted');
  });

  test('of a turn without a word are no answer', async () => {
    expect(await sendingAfter({ kind: 'empty-turn', count: 1 })).toMatchObject({ kind: 'protocol', acceptance: 'accepted' });
  });

  test('hold no secret and no word of the conversation', async () => {
    const codes = Object.keys(service.turnCodes).slice(0, 2);
    const causes = [
      ...codes.map((code) => ({ kind: 'turn-failed', code, count: 1 })),
      { kind: 'status', on: 'input', status: 400, count: 1 },
      { kind: 'status', on: 'input', status: 500, count: 1 },
      { kind: 'stream-cut', count: 1 },
      { kind: 'session-lost', count: 1 },
    ];
    const texts: string[] = [JSON.stringify(await opening(service.createStranger(emulator().origin, PATIENT)))];
    for (const cause of causes) texts.push(JSON.stringify(await sendingAfter(cause)));

    for (const secret of [...service.secrets, FAILURE_MESSAGE, INSTRUCTIONS, 'and once more', 'say hello']) {
      expect(texts.filter((text) => text.includes(secret))).toEqual([]);
    }
  });
});
