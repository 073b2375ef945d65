/** What every adapter promises of calls that wait for results of ours. */
import { describe, expect, test } from 'vitest';
import { MCP_APPROVAL } from '../../activities/managed-agents/managed-agent-client.ts';
import { READ_FILE, failureOf } from '../clouds/builders.ts';
import { aPlan, answers, callsOf, lastText, listening, openWith, says } from './conversation.ts';
import { EMULATED_SERVICES } from './emulated-services.ts';
import { aScene } from './scene.ts';

describe.each(EMULATED_SERVICES)('calls at $name', (service) => {
  const { client, ledger } = aScene(service);

  const { functionCalls, mcpApprovals } = service.traits;

  test.runIf(functionCalls)('of a function are answered, and it goes on', async () => {
    const { turn, session } = await openWith(client(), aPlan(service, { tools: [READ_FILE] }), says('use the tool'));

    expect(turn.items.at(-1)).toMatchObject({ kind: 'tool-call', name: 'read_file', input: { kind: 'json' } });
    expect(JSON.parse(callsOf(turn)[0]?.input.text ?? '')).toEqual({ path: 'a.txt' });
    const next = await client().send(session, answers(turn), listening());

    expect(lastText(next)).toBe('It is done.');
    expect(callsOf(next)).toEqual([]);
  });

  test.runIf(functionCalls)('of a function may fail', async () => {
    const { turn, session } = await openWith(client(), aPlan(service, { tools: [READ_FILE] }), says('use the tool'));

    expect(lastText(await client().send(session, answers(turn, 'failed'), listening()))).toBe('It is done.');
  });

  test.runIf(functionCalls)('that come together are answered together', async () => {
    const { turn, session } = await openWith(client(), aPlan(service, { tools: [READ_FILE] }), says('use two tools'));
    expect(callsOf(turn).map(({ input }) => JSON.parse(input.text))).toEqual([{ path: 'a.txt' }, { path: 'b.txt' }]);

    const next = await client().send(session, answers(turn), listening());

    expect(lastText(next)).toBe('Both are read.');
    const { inputs } = await ledger();
    expect(inputs.filter(({ sessionId }) => sessionId === session.sessionId).map(({ results }) => results)).toEqual([0, 2]);
  });

  test.skipIf(functionCalls)('of functions are refused before anything is sent', async () => {
    const before = (await ledger()).requests.length;

    const failure = await failureOf(client().open(aPlan(service, { tools: [READ_FILE] }), says('say hello'), listening()));

    expect(failure).toMatchObject({ kind: 'unsupported', acceptance: 'not-accepted' });
    expect((await ledger()).requests.length).toBe(before);
  });

  test.runIf(mcpApprovals).each(['ok', 'refused'] as const)('of an MCP tool wait for an approval: %s', async (outcome) => {
    const { turn, session } = await openWith(client(), aPlan(service), says('ask me first'));
    const [call] = callsOf(turn);
    expect(call?.name).toBe(MCP_APPROVAL);
    expect(JSON.parse(call?.input.text ?? '')).toEqual({ server: 'docs', tool: 'search', arguments: { q: 'x' } });

    const next = await client().send(session, answers(turn, outcome), listening());

    expect(lastText(next)).toBe('That is all.');
    const { inputs } = await ledger();
    const decisions = inputs.filter(({ sessionId }) => sessionId === session.sessionId).flatMap((input) => input.decisions ?? []);
    expect(decisions).toEqual([outcome === 'ok' ? 'approved' : 'denied']);
  });

  test.skipIf(mcpApprovals)('of MCP tools are never asked about, and no approval is sent', async () => {
    const { session } = await openWith(client(), aPlan(service), says('say hello'));
    const results = [{ callId: 'a', name: MCP_APPROVAL, outcome: 'ok', output: '' }] as const;

    expect(await failureOf(client().send(session, { key: 'k', results, messages: [] }, listening()))).toMatchObject({
      kind: 'unsupported',
      acceptance: 'not-accepted',
    });
  });
});
