/** What every adapter promises when nobody knows what became of an input: nothing is made twice, and nothing is lost. */
import { describe, expect, test } from 'vitest';
import { READ_FILE, failureOf } from '../clouds/builders.ts';
import { aPlan, answers, lastText, listening, openWith, says } from './conversation.ts';
import { EMULATED_SERVICES } from './emulated-services.ts';
import { aScene } from './scene.ts';

describe.each(EMULATED_SERVICES)('an uncertain input at $name', (service) => {
  const { client, fault, ledger } = aScene(service);

  const { readableSessions, findableSessions, idempotentInput } = service.traits;
  const madeFor = async (sessionId: string) => {
    const { inputs, generations } = await ledger();
    const isOf = (one: { readonly sessionId: string }): boolean => one.sessionId === sessionId;
    return { inputs: inputs.filter(isOf).length, generations: generations.filter(isOf).length };
  };

  test('is told as accepted when its stream breaks, and as uncertain when its answer is lost', async () => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    await fault({ kind: 'stream-cut', afterEvents: 1, count: 1 });
    const cut = await failureOf(client().send(session, says('and once more'), listening()));
    expect(cut).toMatchObject({ kind: 'protocol', acceptance: 'accepted' });

    await fault({ kind: 'answer-lost', on: 'open', count: 1 });
    const lost = await failureOf(client().open(aPlan(service), says('say hello'), listening()));
    expect(lost).toMatchObject({ kind: 'unavailable', acceptance: 'unknown' });
  });

  test
    .runIf(readableSessions)
    .each([
      [{ kind: 'stream-cut', afterEvents: 1, count: 1 }],
      [{ kind: 'stream-cut', afterEvents: 4, count: 1 }],
      [{ kind: 'answer-lost', on: 'input', count: 1 }],
    ])('after %j is followed to the same turn, and nothing is made twice', async (cause) => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    const input = says('and once more');
    await fault(cause);
    expect((await failureOf(client().send(session, input, listening()))).acceptance).not.toBe('not-accepted');
    const options = listening();

    const turn = await client().reconcile(session, input, options);

    expect(turn?.items.map((item) => item.kind === 'assistant-message' && item.text)).toEqual(['hello again']);
    expect(options.told).toEqual([`session ${session.sessionId}`]);
    expect(await madeFor(session.sessionId)).toEqual({ inputs: 2, generations: 2 });
    const again = await client().reconcile(session, input, listening());
    expect(again).toEqual(turn);
  });

  test.runIf(readableSessions && service.traits.functionCalls)('of results is followed to the same turn', async () => {
    const { turn, session } = await openWith(client(), aPlan(service, { tools: [READ_FILE] }), says('use the tool'));
    const input = answers(turn);
    await fault({ kind: 'answer-lost', on: 'input', count: 1 });
    await failureOf(client().send(session, input, listening()));

    const next = await client().reconcile(session, input, listening());

    expect(lastText(next ?? turn)).toBe('It is done.');
    expect(await madeFor(session.sessionId)).toEqual({ inputs: 2, generations: 2 });
  });

  test.runIf(readableSessions && service.traits.functionCalls)('of results that never came may be sent', async () => {
    const { turn, session } = await openWith(client(), aPlan(service, { tools: [READ_FILE] }), says('use the tool'));
    const input = answers(turn);
    await fault({ kind: 'input-lost', on: 'input', count: 1 });
    await failureOf(client().send(session, input, listening()));

    expect(await client().reconcile(session, input, listening())).toBeUndefined();
    expect(lastText(await client().send(session, input, listening()))).toBe('It is done.');
  });

  test.runIf(readableSessions)('that a session never had is no turn, and may be sent', async () => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    const input = says('and once more');
    await fault({ kind: 'input-lost', on: 'input', count: 1 });
    expect((await failureOf(client().send(session, input, listening()))).acceptance).toBe('unknown');

    expect(await client().reconcile(session, input, listening())).toBeUndefined();
    expect(lastText(await client().send(session, input, listening()))).toBe('hello again');
    expect(await madeFor(session.sessionId)).toEqual({ inputs: 2, generations: 2 });
  });

  test.runIf(idempotentInput)('is taken once under its key, however often it is sent', async () => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    const input = says('and once more');
    const first = await client().send(session, input, listening());

    const second = await client().send(session, input, listening());

    expect(second).toEqual(first);
    expect(await madeFor(session.sessionId)).toEqual({ inputs: 2, generations: 2 });
  });

  test.runIf(findableSessions && readableSessions)('that opened a session is found by its key', async () => {
    const plan = aPlan(service);
    const input = says('say hello');
    await fault({ kind: 'answer-lost', on: 'open', count: 1 });
    await failureOf(client().open(plan, input, listening()));

    const sessionId = (await client().find(plan, listening())) ?? '';
    const turn = await client().reconcile({ sessionId, plan }, input, listening());

    expect(turn !== undefined && lastText(turn)).toBe('hello there');
    expect(await madeFor(sessionId)).toEqual({ inputs: 1, generations: 1 });
    expect(await client().find(aPlan(service), listening())).toBeUndefined();
  });

  test.skipIf(findableSessions)('that opened a session is not found', async () => {
    expect(await failureOf(client().find(aPlan(service), listening()))).toMatchObject({ kind: 'unsupported' });
  });

  test.skipIf(readableSessions)('cannot be followed', async () => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));

    expect(await failureOf(client().reconcile(session, says('x'), listening()))).toMatchObject({ kind: 'unsupported' });
  });

  test('of a session that is gone is not found', async () => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    await fault({ kind: 'session-lost', count: 1 });
    const input = says('and once more');

    expect(await failureOf(client().send(session, input, listening()))).toMatchObject({
      kind: 'not-found',
      scope: 'request',
      acceptance: 'not-accepted',
    });
    if (!readableSessions) return;
    expect(await failureOf(client().reconcile(session, input, listening()))).toMatchObject({ kind: 'not-found' });
  });
});
