/**
 * A turn of a managed agent in the place of a model's: the session is told what is new in the task's transcript, and followed until it has
 * answered or needs results. Every step is written down before the service hears of it, so that whoever comes next, this worker or
 * another, asks what became of it instead of saying it again.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { TaskId } from '../../workflows/domain/ids.ts';
import type { CallOptions, ModelAnswer } from '../clouds/cloud-client.ts';
import { ModelFailureError } from '../clouds/cloud-client.ts';
import type { ModelCall } from '../model-call.ts';
import { isBreak, PICK_UPS, PICK_UP_PAUSE_MS } from '../model-call.ts';
import type { AgentSessionRecord } from '../store/agent-session-record.ts';
import type { TaskStore } from '../store/task-store.ts';
import type { OpenSession, SessionInput, SessionOptions, SessionPlan, SessionTurn } from './managed-agent-client.ts';
import { ofRefusedAgent } from './refused-agent.ts';
import { agentOf, inputKey, openSession, planKey, toPlan } from './session-plan.ts';
import { answeredWith, callsOnce, firstInput, newInput, seenOf, settle } from './session-progress.ts';
import type { ServedAgents } from './stop-session.ts';
import { closeSession, stopWork } from './stop-session.ts';
import { whyEnded } from './why-ended.ts';

type Sessions = Pick<TaskStore, 'putAgentSession' | 'listAgentSessions'>;

/** One input on its way. */
interface Exchange {
  readonly store: Sessions;
  readonly agents: ServedAgents;
  readonly call: ModelCall;
  readonly options: CallOptions;
  record: AgentSessionRecord;
  /** Of a new session. */
  readonly isOpening?: true;
}

/** Turns and their end, for a deployment that is a service of managed agents. */
export function createSessionCaller(store: Sessions, agents: ServedAgents): SessionCaller {
  return {
    isReadable: agents.client.traits.readableSessions,
    call: (call, options) => callSession({ store, agents, call, options }),
    stop: (call) => stopSession(store, agents, call),
    close: (taskId, record) => closeSession(agents, taskId, record),
  };
}

export interface SessionCaller {
  /** What became of an input can be asked after a worker's death. */
  readonly isReadable: boolean;
  /** Says what is new, or asks what became of it when it was said before. @throws ModelFailureError */
  call(call: ModelCall, options: CallOptions): Promise<ModelAnswer>;
  /** Stops what the session does, as far as that can be done; its service may be the very thing that is down. */
  stop(call: ModelCall): Promise<void>;
  /** Removes it at its service, where that can be done; else it expires there. @throws ModelFailureError */
  close(taskId: TaskId, record: AgentSessionRecord): Promise<void>;
}

async function callSession({ store, agents, call, options }: Omit<Exchange, 'record'>): Promise<ModelAnswer> {
  const last = await lastRecord(store, call);
  const record = last === undefined ? undefined : settle(last, call.transcript);
  const exchange = { store, agents, call, options };
  if (record === undefined) return begin({ ...exchange, record: await nextRecord(exchange) });
  if (isSameQuestion(record, call)) return resume({ ...exchange, record });
  const input = record.sessionId === undefined || record.pending !== undefined ? undefined : newInput(record, call.transcript);
  if (input === undefined) return beginAnew({ ...exchange, record });
  return goOn({ ...exchange, record }, input);
}

async function stopSession(store: Sessions, agents: ServedAgents, call: ModelCall): Promise<void> {
  const record = await lastRecord(store, call);
  if (record !== undefined) await stopWork(agents, record, toPlan(call, record, agents.agentId));
}

/** Of several the one that is in use. */
async function lastRecord(store: Sessions, { key, served }: ModelCall): Promise<AgentSessionRecord | undefined> {
  const records = await store.listAgentSessions(key.taskId);
  return records.findLast(
    ({ deployment, isOver, isClosed }) => deployment === served.deployment.id && isOver !== true && isClosed !== true,
  );
}

async function nextRecord({ store, agents, call }: Omit<Exchange, 'record'>): Promise<AgentSessionRecord> {
  const { id: deployment } = call.served.deployment;
  const records = (await store.listAgentSessions(call.key.taskId)).filter((record) => record.deployment === deployment);
  const agentId = agentOf(call, agents.agentId);
  const generation = (records.at(-1)?.generation ?? 0) + 1;
  return { deployment, generation, ...(agentId === undefined ? {} : { agentId }), seen: seenOf([]) };
}

/** Another session takes the place of one that cannot be told what is new. */
async function beginAnew(exchange: Exchange): Promise<ModelAnswer> {
  const { agents, record } = exchange;
  if (record.pending !== undefined) await stopWork(agents, record, planOf(exchange));
  return replace(exchange);
}

async function replace(exchange: Exchange): Promise<ModelAnswer> {
  await over(exchange);
  return begin({ ...exchange, record: await nextRecord(exchange) });
}

function over(exchange: Exchange): Promise<void> {
  exchange.record = { ...exchange.record, isOver: true };
  return write(exchange);
}

/**
 * The same transcript was sent before in this turn, and no answer of it is in the transcript. In another turn it is asked anew: somebody
 * went back to before the answer, and wants another one.
 */
function isSameQuestion({ pending }: AgentSessionRecord, { key, transcript }: ModelCall): boolean {
  if (pending === undefined || (pending.turn ?? key.turn) !== key.turn) return false;
  return pending.asked.digest === seenOf(transcript).digest;
}

function asked(call: ModelCall, record: AgentSessionRecord): NonNullable<AgentSessionRecord['pending']> {
  return { key: inputKey(call, record), turn: call.key.turn, asked: seenOf(call.transcript) };
}

/** A new session. One that the client names is known by its name before it is opened. */
async function begin(begun: Exchange): Promise<ModelAnswer> {
  const { agents, call, options, record } = begun;
  const pending = asked(call, record);
  const name = agents.client.traits.namesSessions ? { sessionId: planKey(call.key.taskId, record) } : {};
  const exchange: Exchange = {
    ...begun,
    isOpening: true,
    record: { ...record, ...name, pending },
  };
  await write(exchange);
  const [plan, input] = [planOf(exchange), { ...firstInput(call.transcript), key: pending.key }];
  return answer(exchange, input, () => agents.client.open(plan, input, sessionOptions(exchange, options)));
}

async function goOn(exchange: Exchange, input: Omit<SessionInput, 'key'>): Promise<ModelAnswer> {
  const { agents, call, options, record } = exchange;
  const pending = asked(call, record);
  exchange.record = { ...record, pending };
  await write(exchange);
  const keyed = { ...input, key: pending.key };
  return answer(exchange, keyed, () => agents.client.send(sessionOf(exchange), keyed, sessionOptions(exchange, options)));
}

/** The input was, or may have been, sent before: the service is asked, where it can be. */
async function resume(exchange: Exchange): Promise<ModelAnswer> {
  const { agents, call, options, record } = exchange;
  const { traits } = agents.client;
  const key = record.pending?.key ?? inputKey(call, record);
  if (record.sessionId === undefined) {
    const sessionId = traits.findableSessions ? await agents.client.find(planOf(exchange), options) : undefined;
    // One that cannot be found may exist: it is left to expire, and what it may cost is in suspense with its attempt.
    if (sessionId === undefined) return replace(exchange);
    await named(exchange, sessionId);
  }
  const input = { ...(newInput(record, call.transcript) ?? firstInput(call.transcript)), key };
  if (!traits.readableSessions) return beginAnew(exchange);
  return answer(exchange, input, async () => {
    const found = await agents.client.reconcile(sessionOf(exchange), input, sessionOptions(exchange, options));
    return found ?? agents.client.send(sessionOf(exchange), input, sessionOptions(exchange, options));
  });
}

/** A stream that breaks says nothing of the session, which goes on by itself: it is asked after a few times. */
async function answer(exchange: Exchange, input: SessionInput, ask: () => Promise<SessionTurn>): Promise<ModelAnswer> {
  let turn: SessionTurn;
  try {
    turn = await ask();
  } catch (error) {
    turn = await askAfter(exchange, input, error).catch((last: unknown) => giveUp(exchange, last));
  }
  turn = { ...turn, items: callsOnce(turn.items, input) };
  const { call, record } = exchange;
  exchange.record = answeredWith(record, { key: input.key, turn: call.key.turn, items: call.transcript }, turn);
  await write(exchange);
  return { responseId: exchange.record.sessionId ?? '', items: turn.items, usage: turn.usage };
}

/** What was surely not taken may be said again; a session that failed at it is done with. Of anything else it is asked next time. */
async function giveUp(exchange: Exchange, error: unknown): Promise<never> {
  if (!(error instanceof ModelFailureError)) throw error;
  const { acceptance, phase } = error.failure;
  const isOpening = exchange.isOpening === true;
  const ended = isOpening ? undefined : whyEnded(error.failure);
  // What is not known is asked for by the next attempt here: the session goes on, and may be well.
  if (acceptance === 'not-accepted') await takeBack(exchange);
  if (ended !== undefined || (phase === 'terminal' && acceptance === 'accepted')) await over(exchange);
  if (ended === undefined) throw isOpening ? ofRefusedAgent(error, exchange.call.settings.request?.agent) : error;
  // Another session is as good, here or elsewhere: nothing is wrong with the deployment.
  throw new ModelFailureError({ ...error.failure, kind: 'unavailable', scope: 'request', code: ended }, { cause: error });
}

/** Of an opening nothing is there, and so nothing to be closed, unless the service has named a session that its first input did not reach. */
async function takeBack(exchange: Exchange): Promise<void> {
  const { pending: _pending, ...record } = exchange.record;
  const isThere = record.sessionId !== undefined && !exchange.agents.client.traits.namesSessions;
  const opened = isThere ? ({ isOver: true } as const) : ({ isClosed: true } as const);
  exchange.record = exchange.isOpening === true ? { ...record, ...opened } : record;
  await write(exchange);
}

async function askAfter(exchange: Exchange, input: SessionInput, error: unknown): Promise<SessionTurn> {
  const { agents, options } = exchange;
  let last = error;
  for (let tries = 1; tries <= PICK_UPS; tries += 1) {
    const canAsk = agents.client.traits.readableSessions && exchange.record.sessionId !== undefined;
    if (!canAsk || !isOpen(last)) throw last;
    if (tries > 1) await pause(PICK_UP_PAUSE_MS, undefined, { signal: options.signal });
    let found: SessionTurn | undefined;
    try {
      found = await agents.client.reconcile(sessionOf(exchange), input, sessionOptions(exchange, options));
    } catch (next) {
      last = next;
      continue;
    }
    // That it never had the input is an answer, too, and was looked for long enough.
    if (found === undefined) throw last;
    return found;
  }
  throw last;
}

/** What the input came to is not known: the connection broke, or a request to read it was refused for a reason that may pass. */
function isOpen(error: unknown): boolean {
  if (!(error instanceof ModelFailureError)) return false;
  const { kind, phase, acceptance } = error.failure;
  if (acceptance === 'not-accepted') return false;
  return isBreak(error) || (phase === 'headers' && (kind === 'rate-limited' || kind === 'authentication'));
}

/** The attempt is claimed before anything leaves, and the session's name is known to the store before it is to anybody else. */
function sessionOptions(exchange: Exchange, { signal, progress }: CallOptions): SessionOptions {
  let events = 0;
  let hasClaimed = false;
  return {
    signal,
    progress: {
      onSending: async () => {
        if (!hasClaimed) await progress.onSending();
        hasClaimed = true;
      },
      onSession: async (sessionId) => {
        await named(exchange, sessionId);
        await progress.onResponseId(sessionId);
      },
      onEvent: () => progress.onEvent((events += 1)),
    },
  };
}

async function named(exchange: Exchange, sessionId: string): Promise<void> {
  if (exchange.record.sessionId === sessionId) return;
  exchange.record = { ...exchange.record, sessionId };
  await write(exchange);
}

function write({ store, call, record }: Exchange): Promise<void> {
  return store.putAgentSession(call.key.taskId, record);
}

function planOf({ agents, call, record }: Exchange): SessionPlan {
  return toPlan(call, record, agents.agentId);
}

function sessionOf(exchange: Exchange): OpenSession {
  const session = openSession(exchange.record, planOf(exchange));
  if (session !== undefined) return session;
  throw new RangeError('a session without a name was to be called');
}
