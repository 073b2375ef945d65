/** What is Foundry Agent Service's alone: saved agents, approvals of theirs, and what a conversation notes. */
import { describe, expect, test } from 'vitest';
import {
  findInput,
  isRest,
  itemsToTurn,
  notedResponse,
  toTurn,
} from '../../activities/managed-agents/foundry-agents/response.ts';
import { renderResponse } from '../../activities/managed-agents/foundry-agents/request.ts';
import { NO_USAGE } from '../../workflows/domain/usage.ts';
import { READ_FILE, failureOf } from '../clouds/builders.ts';
import { EMULATED_PROJECT } from '../emulators/managed-agents/start-foundry-agents.ts';
import { INSTRUCTIONS, aPlan, after, answers, callsOf, lastText, listening, openWith, says } from './conversation.ts';
import { FOUNDRY_AGENTS } from './emulated-engines.ts';
import { IMPATIENT, aScene } from './scene.ts';

const PLAN = { key: 'k', instructions: '', tools: [READ_FILE], metadata: {} };

describe.each([FOUNDRY_AGENTS])('a saved agent at $name', (service) => {
  const { client, emulator, ledger, fault } = aScene(service);
  const saved = (agentId: string) => aPlan(service, { agentId, tools: [READ_FILE] });

  test.each([EMULATED_PROJECT.agent, `${EMULATED_PROJECT.agent}:${EMULATED_PROJECT.version}`])(
    'is named as %s, and told neither a model nor tools',
    async (agentId) => {
      const { turn, session } = await openWith(client(), saved(agentId), says('use the tool'));

      expect(callsOf(turn)).toHaveLength(1);
      expect(lastText(await client().send(session, answers(turn), listening()))).toBe('It is done.');
    },
  );

  test('gets our instructions before the first message, and only there', () => {
    const saying = { conversation: 'c', plan: saved('helper'), input: says('hello') };

    expect(textsOf(renderResponse({ ...saying, isFirst: true }))).toEqual([INSTRUCTIONS, 'hello']);
    expect(textsOf(renderResponse({ ...saying, isFirst: false }))).toEqual(['hello']);
    expect(renderResponse({ ...saying, isFirst: true }).instructions).toBeUndefined();
  });

  test.each(['', '-a', 'a/b', 'a:b:c', 'a b'])('that "%s" does not name is refused before anything is sent', async (agentId) => {
    const before = (await ledger()).requests.length;

    const failure = await failureOf(client().open(saved(agentId), says('say hello'), listening()));

    expect(failure).toMatchObject({ kind: 'invalid-request', acceptance: 'not-accepted', scope: 'deployment' });
    expect((await ledger()).requests.length).toBe(before);
  });

  test.each(['nobody', `${EMULATED_PROJECT.agent}:3`])('%s that is not there says nothing about the session', async (agentId) => {
    const options = listening();

    const failure = await failureOf(client().open(saved(agentId), says('say hello'), options));

    expect(failure).toMatchObject({ kind: 'not-found', scope: 'deployment', acceptance: 'not-accepted' });
    // Told before, so that the conversation can be removed.
    expect(options.told).toHaveLength(2);
  });

  test('that is hosted, and whose response never ends, is followed by what its conversation keeps', async () => {
    const { session } = await openWith(client(), saved(EMULATED_PROJECT.hosted), says('say hello'));
    const input = says('and once more');
    await fault({ kind: 'stream-cut', afterEvents: 2, count: 1 });
    await failureOf(client().send(session, input, listening()));

    const turn = await client().reconcile(session, input, listening());

    expect(turn?.items.map((item) => item.kind === 'assistant-message' && item.text)).toEqual(['hello again']);
  });

  test('that is hosted says one thing after the other, and is waited for until it has said all', async () => {
    const { session } = await openWith(client(), saved(EMULATED_PROJECT.hosted), says('say hello'));
    const looking = says('look it up');
    const cut = { kind: 'stream-cut', afterEvents: 2, count: 1 };
    await fault(cut, { kind: 'slow', eventDelayMs: 120, count: 1 });
    await failureOf(client().send(session, looking, listening()));

    const found = await client().reconcile(session, looking, listening());

    expect(found?.items).toMatchObject([{ text: '(Called look_up by itself: completed.)' }, { text: 'It is found.' }]);
    const [asking, asked] = [says('use the tool'), after(session, found ?? { items: [], usage: NO_USAGE })];
    await fault(cut, { kind: 'slow', eventDelayMs: 120, count: 1 });
    await failureOf(client().send(asked, asking, listening()));

    const turn = await client().reconcile(asked, asking, listening());

    expect(turn?.items).toMatchObject([{ text: 'I look.' }, { kind: 'tool-call', name: 'read_file' }]);
  });

  test.each(['helper', EMULATED_PROJECT.hosted])(
    'that has tools of its own, such as %s, calls them by itself',
    async (agentId) => {
      const { turn, session } = await openWith(client(), saved(agentId), says('look it up'));

      expect(turn.items.map((item) => item.kind === 'assistant-message' && item.text)).toEqual([
        '(Called look_up by itself: completed.)',
        'It is found.',
      ]);
      expect(lastText(await client().send(session, says('and once more'), listening()))).toBe('hello again');
    },
  );

  test('that never heard of its opening gets our instructions when it is said again', async () => {
    const plan = saved('helper');
    const options = listening();
    await fault({ kind: 'input-lost', on: 'open', skip: 1, count: 1 });
    await failureOf(client().open(plan, says('say hello'), options));
    const session = { sessionId: options.told.at(-1)?.split(' ')[1] ?? '', plan };
    const input = says('say hello');
    expect(await client().reconcile(session, input, listening())).toBeUndefined();

    await client().send(session, input, listening());

    expect((await ledger()).inputs.at(-1)).toMatchObject({ sessionId: session.sessionId, said: [INSTRUCTIONS, 'say hello'] });
  });

  test('that works in the background is given up when nothing changes for too long', async () => {
    const impatient = service.createClient(emulator().origin, IMPATIENT);
    const { session } = await openWith(client(), saved('helper'), says('say hello'));
    const input = says('and once more');
    await fault({ kind: 'stream-cut', afterEvents: 2, count: 1 }, { kind: 'slow', eventDelayMs: 3_000, count: 1 });
    await failureOf(client().send(session, input, listening()));

    const failure = await failureOf(impatient.reconcile(session, input, listening()));

    expect(failure).toMatchObject({ kind: 'timeout', acceptance: 'accepted', code: 'nothing came for 700 ms' });
    await client().cancel(session);
  });

  test('that stops in the middle of an approval goes on with it', async () => {
    const { turn, session } = await openWith(client(), saved('helper'), says('ask me first'));
    const input = answers(turn, 'refused');
    await fault({ kind: 'stream-cut', afterEvents: 2, count: 1 });
    await failureOf(client().send(session, input, listening()));

    const next = await client().reconcile(session, input, listening());

    expect(next !== undefined && lastText(next)).toBe('That is all.');
    expect((await ledger()).generations.filter(({ sessionId }) => sessionId === session.sessionId)).toHaveLength(2);
  });
});

describe('what Foundry tells', () => {
  test('of calls comes last, whatever is said after them', () => {
    const call = { type: 'function_call', id: 'i1', call_id: 'c1', name: 'read_file', arguments: '{}', status: 'completed' };
    const message = { type: 'message', id: 'i2', role: 'assistant', content: [{ type: 'output_text', text: 'I look.' }] };
    const called = { type: 'mcp_call', id: 'i3', name: 'search', server_label: 'docs', status: 'completed' };

    const turn = itemsToTurn([{ type: 'reasoning', id: 'i0', encrypted_content: 'x' }, call, message, called], PLAN);

    expect(turn.items.map(({ kind }) => kind)).toEqual(['assistant-message', 'assistant-message', 'tool-call']);
    expect(turn.marker).toBe('i3');
  });

  test.each(['bing_grounding_call', 'azure_ai_search_call', 'web_search_call', 'mcp_call'])(
    'of a %s is said in a word, in whatever form it is told',
    (type) => {
      const call = { type, id: 7, call_id: 'c1', status: { code: 1 }, arguments: {} };
      const answer = { type: 'message', id: 'i2', status: 3, content: [{ type: 'output_text', text: 'Found.' }] };

      const output = [call, { type: `${type}_output`, call_id: 'c1', output: [] }, { type: 'oauth', id: 'i1' }, 'x', answer];

      expect(itemsToTurn(output, PLAN)).toMatchObject({
        items: [{ text: expect.stringMatching(/^\(Called .*: ended\.\)$/), phase: 'commentary' }, { text: 'Found.' }],
        marker: 'i2',
      });
      expect(() => itemsToTurn([call], PLAN)).toThrow('empty');
    },
  );

  test('of what its code is about to answer is no rest, while words are, and calls of ours', () => {
    const message = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I look.' }] };
    const call = (name: string) => ({ type: 'function_call', call_id: 'c1', name, arguments: '{}' });
    const output = { type: 'function_call_output', call_id: 'c1', output: '' };
    const rests = [[message], [call('read_file')], [call('read_file'), message]];
    const others = [[], [message, call('look_up')], [call('read_file'), output], [{ type: 'reasoning' }]];

    expect(rests.map((items) => isRest(items, PLAN))).toEqual([true, true, true]);
    expect(others.map((items) => isRest(items, PLAN))).toEqual([false, false, false, false]);
  });

  test.each([
    [{ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }, 'max_output_tokens'],
    [{ status: 'failed', error: { code: 'server_error' } }, 'server_error'],
    [{ status: 'failed' }, 'turn_failed'],
    [{ status: 'cancelled' }, 'turn_cancelled'],
  ])('of an end such as %j is a failure with a code', (told, code) => {
    expect(() => toTurn({ id: 'r', ...told }, PLAN)).toThrow(
      expect.objectContaining({ error: expect.objectContaining({ code }) }),
    );
  });

  test('of an input is found by what it says and what it answers', () => {
    const said = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hello' }] };
    const answer = { type: 'function_call_output', call_id: 'c1' };
    const approval = { type: 'mcp_approval_response', approval_request_id: 'a1' };
    const items = [said, answer, approval, { type: 'message', role: 'assistant', content: [{ text: 'hello' }] }];
    const result = (callId: string) => ({ callId, name: 'x', outcome: 'ok', output: '' }) as const;

    expect(findInput(items, says('hello'))).toBe(0);
    expect(findInput(items, { key: 'k', results: [result('c1')], messages: [] })).toBe(1);
    expect(findInput(items, { key: 'k', results: [result('a1')], messages: [] })).toBe(2);
    expect(findInput(items, says('good bye'))).toBe(-1);
  });

  test('of a response is of the input that it is noted for', () => {
    const conversation = { id: 'c', metadata: { anyport_response: 'input-1 resp_1' } };

    expect(notedResponse(conversation, 'input-1')).toBe('resp_1');
    expect(notedResponse(conversation, 'input-2')).toBeUndefined();
    expect(notedResponse(conversation)).toBe('resp_1');
    expect(notedResponse({ id: 'c', metadata: { anyport_response: 7 } })).toBeUndefined();
  });
});

function textsOf({ input }: ReturnType<typeof renderResponse>): readonly unknown[] {
  const items = Array.isArray(input) ? input : [];
  return items
    .map((item) =>
      (item.type === 'message' && Array.isArray(item.content) ? item.content : []).map((part) => 'text' in part && part.text),
    )
    .flat();
}
