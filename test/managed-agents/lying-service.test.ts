/** What is made of a service that surprises: it says things late, twice, in words that nobody knows, or sends us away. */
import { expect, test } from 'vitest';
import type { OpenSession, SessionInput } from '../../activities/managed-agents/managed-agent-client.ts';
import { failureOf } from '../clouds/builders.ts';
import { callsOf, lastText, listening, says } from './conversation.ts';
import { aLyingService } from './lying-agents-api.ts';

const PLAN = { key: 'key-1', wireModel: 'm', instructions: '', tools: [], metadata: {} };
const SESSION: OpenSession = { sessionId: 'sess_1', plan: PLAN };

function said(id: string, role: 'user' | 'assistant', text: string) {
  return {
    id,
    type: 'message',
    role,
    content: [{ type: 'output_text', text }],
    ...(role === 'user' ? {} : { phase: 'final_answer' }),
  };
}

function noted(id: string, text: string) {
  return { ...said(id, 'assistant', text), phase: 'commentary' };
}

function action(callId: string) {
  return { type: 'function_call', call_id: callId, name: 'pay', arguments: '{}', turn_id: 'turn_1' };
}

function waitingFor(...callIds: readonly string[]) {
  return { id: 'sess_1', status: 'requires_action', required_actions: callIds.map(action) };
}

const WORKING = { id: 'sess_1', status: 'in_progress' };
const IDLE = { id: 'sess_1', status: 'idle' };
const COMPLETED = { turn: { id: 'turn_1', status: 'completed' } };

test('a late part of an earlier turn is not taken for the answer to what is said now', async () => {
  const { client, lies, tell } = await aLyingService({
    items: [said('a1', 'assistant', 'first'), said('a2', 'assistant', 'late part of the first turn')],
    onInput: () => setTimeout(work, 60),
  });
  const work = (): void => {
    lies.session = WORKING;
    tell('agent.session.in_progress', { session: WORKING });
    lies.items.push(said('u2', 'user', 'and then?'), said('a3', 'assistant', 'second'));
    lies.session = IDLE;
    tell('agent.session.turn.completed', COMPLETED);
    tell('agent.session.idle', { session: IDLE });
  };
  const marker = JSON.stringify({ item: 'a1', tokens: [0, 0, 0, 0] });

  const turn = await client.send({ ...SESSION, marker }, says('and then?'), listening());

  expect(lastText(turn)).toBe('second');
});

test.each(['queued', 'suspended'])('a state that nobody knows is work: %s', async (status) => {
  const { client, lies, tell } = await aLyingService({
    onInput() {
      lies.session = { id: 'sess_1', status };
      lies.items.push(said('u1', 'user', 'go'), noted('a1', 'I begin.'));
      setTimeout(() => {
        lies.items.push(said('a2', 'assistant', 'done'));
        lies.session = IDLE;
        tell('agent.session.turn.completed', COMPLETED);
        tell('agent.session.idle', { session: IDLE });
      }, 60);
    },
  });

  expect(lastText(await client.send(SESSION, says('go'), listening()))).toBe('done');
});

test('a record that lags behind the event is read again, and not waited for until the session is thought dead', async () => {
  const { client, lies, tell } = await aLyingService({
    onInput() {
      lies.session = WORKING;
      setTimeout(() => {
        tell('agent.session.turn.completed', COMPLETED);
        tell('agent.session.idle', { session: IDLE });
      }, 20);
      setTimeout(() => {
        lies.items.push(said('u1', 'user', 'go'), said('a1', 'assistant', 'done'));
        lies.session = IDLE;
      }, 80);
    },
  });

  expect(lastText(await client.send(SESSION, says('go'), listening()))).toBe('done');
});

test('a last word that is recorded after the end is waited for', async () => {
  const { client, lies, tell } = await aLyingService({
    onInput() {
      lies.items.push(said('u1', 'user', 'go'), noted('a1', 'I look.'));
      setTimeout(() => {
        tell('agent.session.turn.completed', COMPLETED);
        tell('agent.session.idle', { session: IDLE });
      }, 20);
      setTimeout(() => lies.items.push(said('a2', 'assistant', 'found')), 60);
    },
  });

  expect(lastText(await client.send(SESSION, says('go'), listening()))).toBe('found');
});

test('a redirect says nothing of the session, and is not followed', async () => {
  const { client, lies } = await aLyingService({
    onInput() {
      lies.redirect = 'http://127.0.0.1:1/login';
    },
  });

  const failure = await failureOf(client.send(SESSION, says('go'), listening()));

  expect(failure).toMatchObject({ kind: 'not-found', acceptance: 'accepted', scope: 'deployment', status: 302 });
});

test.each(['..', '.', 'a/b', `s${'x'.repeat(300)}`])('a session of the name %s is none', async (id) => {
  const { client, lies } = await aLyingService({
    onInput() {
      lies.session = { id, status: 'idle' };
    },
  });

  expect(await failureOf(client.send(SESSION, says('go'), listening()))).toMatchObject({ kind: 'protocol' });
});

test('items and events of other forms are passed over', async () => {
  const { client, lies, tell } = await aLyingService({
    onInput() {
      lies.items.push(
        said('u1', 'user', 'go'),
        { id: 'x1', type: 'hologram', name: { first: 'x' }, status: 3, role: [], call_id: 7 },
        said('a1', 'assistant', 'done'),
      );
      setTimeout(() => {
        tell('agent.session.hologram', { session: 'sess_1', turn: 'turn_1' });
        tell('agent.session.turn.completed', COMPLETED);
        tell('agent.session.idle', { session: IDLE });
      }, 20);
    },
  });

  expect(lastText(await client.send(SESSION, says('go'), listening()))).toBe('done');
});

test('a call that is listed beside the one that was answered is told with it, so that the caller can tell them apart', async () => {
  const { client, lies, tell } = await aLyingService({
    session: waitingFor('call_1'),
    onInput() {
      lies.session = waitingFor('call_1', 'call_2');
      setTimeout(() => tell('agent.session.turn.in_progress', {}), 10);
      setTimeout(() => tell('agent.session.requires_action', { session: lies.session }), 20);
    },
  });
  const results = [{ callId: 'call_1', name: 'pay', outcome: 'ok', output: 'paid' }] as const;
  const input: SessionInput = { key: 'key-2', results, messages: [], continuation: '{"call_1":"turn_1"}' };

  const turn = await client.send(SESSION, input, listening());

  expect(callsOf(turn).map(({ callId }) => callId)).toContain('call_2');
});
