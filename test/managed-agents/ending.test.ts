/** What every adapter promises of stopping and removing. */
import { describe, expect, test } from 'vitest';
import { failureOf } from '../clouds/builders.ts';
import { aPlan, lastText, listening, openWith, says } from './conversation.ts';
import { EMULATED_SERVICES } from './emulated-services.ts';
import { aScene } from './scene.ts';

describe.each(EMULATED_SERVICES)('the end of a session at $name', (service) => {
  const { client, fault, ledger } = aScene(service);

  const { traits } = service;
  const sessionAt = async (id: string) => (await ledger()).sessions.find((one) => one.id === id);
  /** A session whose second turn runs. */
  const running = async () => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    await fault({ kind: 'slow', eventDelayMs: 300, count: 1 });
    const { promise, resolve } = Promise.withResolvers<void>();
    const options = listening();
    const progress = { ...options.progress, onSession: async () => resolve() };
    const turn = failureOf(client().send(session, says('and once more'), { ...options, progress }));
    turn.catch(() => undefined);
    await promise;
    return { session, turn };
  };

  test.runIf(traits.cancel)('stops a turn that runs, and leaves one alone that does not', async () => {
    const { session, turn } = await running();

    await client().cancel(session);

    expect(await turn).toMatchObject({ kind: 'unavailable', acceptance: 'accepted', scope: 'request' });
    await client().cancel(session);
    expect(lastText(await client().send(session, says('and once more'), listening()))).toBe('hello again');
  });

  test.skipIf(traits.cancel)('cannot stop a turn', async () => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));

    expect(
      await failureOf(
        client()
          .cancel(session)
          .then(() => undefined),
      ),
    ).toMatchObject({ kind: 'unsupported' });
  });

  test.runIf(traits.close)('removes a session, once and again', async () => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));

    await client().close(session);
    await client().close(session);

    expect((await sessionAt(session.sessionId))?.closed).toBe(true);
    expect(await failureOf(client().send(session, says('and once more'), listening()))).toMatchObject({ kind: 'not-found' });
  });

  test.runIf(traits.close)('removes a session whose answer to that was lost', async () => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    await fault({ kind: 'answer-lost', on: 'close', count: 1 });
    expect(await failureOf(client().close(session))).toMatchObject({ kind: 'unavailable', acceptance: 'unknown' });

    await client().close(session);
  });

  test.runIf(traits.close)('removes a session that works', async () => {
    const { session, turn } = await running();

    await client().close(session);

    expect((await sessionAt(session.sessionId))?.closed).toBe(true);
    // Where it cannot be stopped, it has come to its own end before.
    await (traits.cancel ? turn : turn.catch(() => undefined));
  });

  test.skipIf(traits.close)('cannot remove a session', async () => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));

    expect(await failureOf(client().close(session))).toMatchObject({ kind: 'unsupported' });
  });
});
