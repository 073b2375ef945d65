/** A client of one service that speaks the Agents API: one input, sent once; what the session came to, or a classified failure. */
import type OpenAI from 'openai';
import { setTimeout as pause } from 'node:timers/promises';
import { NoAnswerError } from '../../clouds/responses-api/read-answer.ts';
import { observedFetch } from '../../clouds/responses-api/observed-fetch.ts';
import { ProgressError, StreamedError } from '../../clouds/responses-api/read-response-stream.ts';
import type { ManagedAgentClient, OpenSession, SessionInput, SessionPlan, SessionTurn } from '../managed-agent-client.ts';
import type { SessionObject } from './agents-objects.ts';
import type { AgentsDialect, AgentsEndpoint } from './agents-dialect.ts';
import type { AgentsCall, CallSetting } from './exchange.ts';
import { exchange, inCall, tell } from './exchange.ts';
import { findSession } from './find-session.ts';
import type { Watch } from './read-events.ts';
import { untilPause, watch } from './read-events.ts';
import type { Following } from './read-session.ts';
import { LOOKS, assertLastTurn, hasBegun, hasTaken, isSettled, readItems, readSession, readTurn } from './read-session.ts';
import { KEY_METADATA, assertServed, renderAgent, renderEvents, renderMessages } from './render-input.ts';
import { cancelTurn, removeSession } from './end-session.ts';

export function createAgentsClient(endpoint: AgentsEndpoint): ManagedAgentClient {
  const { dialect, timeouts } = endpoint;
  const sdk = endpoint.createSdk(observedFetch);
  const run = <Result>(setting: CallSetting, work: (call: AgentsCall) => Promise<Result>): Promise<Result> =>
    inCall(endpoint, sdk, { setting, work });
  /** Small requests, which the task's own end waits for. */
  const atEnd = ({ sessionId }: OpenSession, work: (call: AgentsCall) => Promise<void>): Promise<void> =>
    run({ options: {}, acceptance: 'as-told', sessionId, silenceMs: timeouts.cancelMs }, work);
  return {
    traits: dialect.traits,
    open: async (plan, input, options) => {
      assertServed(plan, input, dialect.traits);
      const body = renderOpening(plan, input, dialect);
      return run({ options, acceptance: 'as-told' }, (call) => openSession(call, body, { plan, input }));
    },
    send: async (session, input, options) => {
      assertServed({ ...session.plan, tools: [] }, input, dialect.traits);
      const { sessionId } = session;
      const events = renderEvents(input);
      return run({ options, acceptance: 'not-accepted', sessionId }, async (call) => {
        // Before the input: a stream replays nothing.
        const watching = await subscribe(call, sessionId);
        await give(call, { sessionId, events, key: input.key });
        return follow(call, watching, { session, input });
      });
    },
    find: (plan, options) => run({ options, acceptance: 'unknown' }, (call) => findSession(call, plan.key)),
    reconcile: (session, input, options) =>
      run({ options, acceptance: 'unknown', sessionId: session.sessionId }, (call) => reconcile(call, session, input)),
    cancel: (session) => atEnd(session, (call) => cancelTurn(call, session.sessionId)),
    close: (session) => atEnd(session, (call) => removeSession(call, session.sessionId)),
  };
}

type Opening = OpenAI.Beta.Agents.SessionCreateParamsStreaming;

function renderOpening(plan: SessionPlan, input: SessionInput, { request }: AgentsDialect): Opening {
  const body = {
    ...renderAgent(plan),
    ...request.openingFields(plan),
    input: renderMessages(input),
    metadata: { ...plan.metadata, [KEY_METADATA]: plan.key },
    stream: true,
  };
  // Fields of a service that serves the API of another are unknown to the SDK, which passes them on.
  return body as unknown as Opening;
}

interface Conversation {
  readonly plan: SessionPlan;
  readonly input: SessionInput;
}

async function openSession(
  call: AgentsCall,
  body: Opening,
  { plan, input }: Conversation,
): Promise<SessionTurn & { readonly sessionId: string }> {
  const headers = call.dialect.request.idempotencyKeys ? { 'Idempotency-Key': plan.key } : {};
  const response = await exchange(
    call,
    (signal) => call.sdk.beta.agents.sessions.create(body, { signal, headers }).asResponse(),
    () => tellSending(call),
  );
  call.acceptance = 'accepted';
  call.timer.restart(call.timeouts.firstEventMs);
  const watching = watch(call, response);
  await untilPause(call, watching);
  const { sessionId } = call;
  // A pause is told after the session was: without it, nobody could go on with what was opened.
  if (sessionId === undefined) throw new StreamedError({ code: 'session_failed' });
  const turn = await follow(call, watching, { session: { sessionId, plan }, input });
  return { ...turn, sessionId };
}

async function subscribe(call: AgentsCall, sessionId: string): Promise<Watch> {
  const response = await exchange(call, (signal) =>
    call.sdk.beta.agents.sessions.events.stream(sessionId, {}, { signal }).asResponse(),
  );
  return watch(call, response);
}

interface Giving {
  readonly sessionId: string;
  readonly events: ReturnType<typeof renderEvents>;
  readonly key: string;
}

async function give(call: AgentsCall, { sessionId, events, key }: Giving): Promise<void> {
  call.acceptance = 'as-told';
  call.timer.restart(call.timeouts.firstEventMs);
  const keyed = call.dialect.request.idempotencyKeys ? { 'Idempotency-Key': key } : {};
  const response = await exchange(
    call,
    (signal) => call.sdk.beta.agents.sessions.events.create(sessionId, { events, ...keyed }, { signal }).asResponse(),
    () => tellSending(call),
  );
  call.acceptance = 'accepted';
  await response.body?.cancel();
  await tell(call, async () => call.progress?.onSession(sessionId));
}

async function tellSending({ progress }: AgentsCall): Promise<void> {
  await progress?.onSending().catch((error: unknown) => {
    throw new ProgressError(error);
  });
}

/**
 * The stream tells when to ask; what is asked tells what it came to. It is asked at once, too: the same input may have been taken, and
 * answered, before.
 */
async function follow(call: AgentsCall, watching: Watch, following: Following): Promise<SessionTurn> {
  // What is read need not be as new as the event that told of it.
  let looks = LOOKS;
  for (;;) {
    const state = await readSession(call, following.session.sessionId);
    if (isSettled(state, following.input) && (watching.began || (await hasBegun(call, state, following))))
      return readEnd(call, watching, { state, session: following.session });
    if (looks < LOOKS) {
      looks += 1;
      await pause(call.timeouts.pollMs, undefined, { signal: call.timer.signal });
      continue;
    }
    call.timer.restart(call.timeouts.idleMs);
    await untilPause(call, watching);
    looks = 1;
  }
}

/** What is wrong with the end of a turn is told as such, and the session with it is done with; a request for it may break as any other. */
async function readEnd(
  call: AgentsCall,
  watching: Watch,
  { state, session }: { readonly state: SessionObject; readonly session: OpenSession },
): Promise<SessionTurn> {
  try {
    if (state.status === 'failed') throw new StreamedError(watching.lastError ?? { code: 'session_failed' });
    if (watching.ended?.error !== undefined) throw new StreamedError(watching.ended.error);
    if (state.status === 'idle' && watching.ended === undefined) await assertLastTurn(call, session.sessionId);
    return await readTurn(call, state, session);
  } catch (error) {
    const isEnd = error instanceof StreamedError || error instanceof NoAnswerError;
    if (isEnd && call.answered !== undefined) call.answered.position = 'terminal';
    throw error;
  }
}

async function reconcile(call: AgentsCall, session: OpenSession, input: SessionInput): Promise<SessionTurn | undefined> {
  // Before it is asked: what it comes to afterwards is not missed.
  const watching = await subscribe(call, session.sessionId);
  for (let look = 1; ; look += 1) {
    const state = await readSession(call, session.sessionId);
    const items = state.status === 'in_progress' ? [] : await readItems(call, session);
    if (hasTaken(state, items, input)) break;
    if (look === LOOKS) return undefined;
    await pause(call.timeouts.pollMs, undefined, { signal: call.timer.signal });
  }
  call.acceptance = 'accepted';
  await tell(call, async () => call.progress?.onSession(session.sessionId));
  watching.began = true;
  return follow(call, watching, { session, input });
}
