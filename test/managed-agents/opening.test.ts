/**
 * What every adapter promises of opening a session and going on with it. A test of the contract is left out only where the adapter
 * declares that its service lacks the thing, and the declaration itself is held against the row.
 */
import { describe, expect, test } from 'vitest';
import { aPlan, lastText, listening, openWith, says } from './conversation.ts';
import { EMULATED_SERVICES } from './emulated-services.ts';
import { aScene } from './scene.ts';

describe.each(EMULATED_SERVICES)('a conversation at $name', (service) => {
  const { client, fault, ledger } = aScene(service);

  test('is as its adapter declares the service', () => {
    expect(client().traits).toEqual(service.traits);
  });

  test('is opened with its first input, which is told before it leaves and when it was taken', async () => {
    const plan = aPlan(service);
    const options = listening();

    const turn = await client().open(plan, says('say hello'), options);

    expect(lastText(turn)).toBe('hello there');
    expect(turn.items.every(({ kind }) => kind === 'assistant-message')).toBe(true);
    expect(options.told).toEqual(['sending', `session ${turn.sessionId}`]);
    expect(turn.sessionId === plan.key).toBe(service.traits.namesSessions);
    expect(turn.usage.inputTokens > 0).toBe(service.traits.usage);
  });

  test('goes on with what is said next, and tells nothing twice', async () => {
    const { turn, session } = await openWith(client(), aPlan(service), says('say hello'));
    const options = listening();

    const next = await client().send(session, says('and once more'), options);

    expect(lastText(turn)).toBe('hello there');
    expect(next.items.map((item) => item.kind === 'assistant-message' && item.text)).toEqual(['hello again']);
    expect(options.told).toEqual(['sending', `session ${session.sessionId}`]);
    expect(next.usage.inputTokens > 0).toBe(service.traits.usage);
  });

  test('ends with the reason of an abort', async () => {
    await fault({ kind: 'slow', eventDelayMs: 200 });
    const controller = new AbortController();
    const reason = new Error('the task was cancelled');

    const opening = client().open(
      aPlan(service),
      says('say hello'),
      listening({ signal: controller.signal, onEvent: () => controller.abort(reason) }),
    );

    await expect(opening).rejects.toBe(reason);
  });

  test('is not sent when its sending cannot be told', async () => {
    const plan = aPlan(service);
    const before = (await ledger()).inputs.length;
    const options = listening();
    const progress = { ...options.progress, onSending: () => Promise.reject(new Error('no journal')) };

    await expect(client().open(plan, says('say hello'), { ...options, progress })).rejects.toThrow('no journal');

    expect((await ledger()).inputs.length).toBe(before);
  });
});
