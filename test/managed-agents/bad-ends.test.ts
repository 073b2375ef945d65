/** What is promised of turns that end badly, or whose end is not seen for a while: no session is a dead end. */
import { describe, expect, test } from 'vitest';
import type { ModelAnswer } from '../../activities/clouds/cloud-client.ts';
import { clearAgentFaults } from './conversation.ts';
import { EMULATED_SERVICES } from './emulated-services.ts';
import { aScene } from './scene.ts';
import { ask, sessionsOf } from './session-caller.ts';

const READABLE = EMULATED_SERVICES.filter(({ traits }) => traits.readableSessions);

function textsOf({ items }: ModelAnswer): readonly string[] {
  return items.flatMap((item) => (item.kind === 'assistant-message' ? [item.text] : []));
}

describe.each(READABLE)('a second turn at $name', (service) => {
  const scene = aScene(service);

  /** The first turn is answered; gives how to try the second. */
  const begun = async () => {
    const { call, records } = await sessionsOf(service, scene.emulator().origin);
    const first = await call([ask('say hello')]);
    const transcript = [ask('say hello'), ...first.items, ask('and once more')];
    return { second: () => call(transcript, undefined, 2), records, before: await scene.ledger() };
  };

  test('that ends without a word is tried again in another session', async () => {
    const { second, records } = await begun();
    await scene.fault({ kind: 'empty-turn', count: 1 });

    await expect(second()).rejects.toMatchObject({ failure: { phase: 'terminal', acceptance: 'accepted' } });
    expect(textsOf(await second())).toEqual(['hello again']);

    expect((await records()).map(({ isOver = false }) => isOver)).toEqual([true, false]);
  });

  test('that fails while its stream is cut is tried again in another session', async () => {
    const { second } = await begun();
    const code = Object.keys(service.turnCodes).find((each) => service.turnCodes[each] === 'unavailable') ?? '';
    await scene.fault({ kind: 'turn-failed', code, count: 1 }, { kind: 'stream-cut', afterEvents: 2, count: 1 });

    await expect(second()).rejects.toMatchObject({ failure: { acceptance: 'accepted' } });
    expect(textsOf(await second())).toEqual(['hello again']);
  });

  test('that nobody can see for a while goes on, and is answered once it can', async () => {
    const { second, before } = await begun();
    await scene.fault(
      { kind: 'slow', eventDelayMs: 100, count: 1 },
      { kind: 'stream-cut' },
      // What is asked for before the input is answered.
      { kind: 'status', on: 'read', status: 500, skip: service.name === 'agent-engine' ? 1 : 0 },
      { kind: 'status', on: 'follow', status: 500, skip: 1 },
    );

    await expect(second()).rejects.toMatchObject({ failure: { kind: 'unavailable' } });
    await clearAgentFaults(scene.emulator().control);
    expect(textsOf(await second())).toEqual(['hello again']);

    const { generations, sessions } = await scene.ledger();
    expect([generations.length - before.generations.length, sessions.length - before.sessions.length]).toEqual([1, 0]);
  });
});
