/** What is promised of credentials that run out, or are changed, while sessions are open. */
import { describe, expect, test } from 'vitest';
import type { EndpointConnection } from '../../activities/clouds/cloud-client.ts';
import { createRenewingAgents } from '../../activities/managed-agents/renewing-agents.ts';
import { failureOf } from '../clouds/builders.ts';
import { aPlan, lastText, listening, openWith, says } from './conversation.ts';
import { EMULATED_SERVICES } from './emulated-services.ts';
import { aScene, PATIENT } from './scene.ts';

const OLD: EndpointConnection = { cloud: 'openai', apiKey: 'old' };
const NEW: EndpointConnection = { cloud: 'openai', apiKey: 'new' };

describe.each(EMULATED_SERVICES)('credentials for $name', (service) => {
  const { emulator, fault, ledger } = aScene(service);

  /** Knows the new ones as good, the old ones not. */
  const renewing = (connect: () => EndpointConnection) =>
    createRenewingAgents({
      connect,
      create: (connection) => (connection === NEW ? service.createClient : service.createStranger)(emulator().origin, PATIENT),
    });
  const requestsSince = async (count: number) => (await ledger()).requests.slice(count).length;

  test('that are refused are read anew, and what was refused is sent once more', async () => {
    let current = OLD;
    const client = renewing(() => current);
    current = NEW;

    const { turn, session } = await openWith(client, aPlan(service), says('say hello'));

    expect(lastText(turn)).toBe('hello there');
    expect(lastText(await client.send(session, says('and once more'), listening()))).toBe('hello again');
    expect((await ledger()).sessions).toHaveLength(1);
    if (service.traits.close) await client.close(session);
  });

  test.runIf(service.traits.readableSessions)('that are refused when an input was taken do not have it sent again', async () => {
    let current = OLD;
    const client = createRenewingAgents({
      connect: () => current,
      create: () => service.createClient(emulator().origin, PATIENT),
    });
    const { session } = await openWith(client, aPlan(service), says('say hello'));
    const before = (await ledger()).inputs.length;
    await fault({ kind: 'stream-cut', count: 1 }, { kind: 'status', on: 'read', status: 401, count: 1 });
    current = NEW;
    const input = says('and once more');

    await failureOf(client.send(session, input, listening()));

    expect((await ledger()).inputs.length).toBeLessThanOrEqual(before + 1);
    const turn = await client.reconcile(session, input, listening());
    expect(turn === undefined ? undefined : lastText(turn)).toBe('hello again');
  });

  test('that are refused are not tried again while they are the same', async () => {
    const client = renewing(() => OLD);
    const before = (await ledger()).requests.length;

    const failure = await failureOf(client.open(aPlan(service), says('say hello'), listening()));

    expect(failure).toMatchObject({ kind: 'authentication', acceptance: 'not-accepted' });
    expect(await requestsSince(before)).toBe(1);
  });
});
