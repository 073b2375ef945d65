import type { GoogleCredential } from '../../clouds/cloud-client.ts';
import { ModelFailureError } from '../../clouds/cloud-client.ts';
import { createTokenProvider } from '../../clouds/google/client.ts';
import type { CallTimeouts } from '../../clouds/responses-api/cloud-dialect.ts';
import { ProgressError } from '../../clouds/responses-api/read-response-stream.ts';
import type { CallSetting, FailingDialect } from '../agents-api/exchange.ts';
import { exchange, inCall, tell } from '../agents-api/exchange.ts';
import { assertServed } from '../agents-api/render-input.ts';
import type { ManagedAgentClient, ManagedAgentTraits, OpenSession, SessionInput, SessionPlan } from '../managed-agent-client.ts';
import { AGENT_ENGINE_FAILURE, ENGINE_FAILED } from './failure.ts';
import type { EngineCall } from './follow-session.ts';
import { getSession, readStream, reconcile } from './follow-session.ts';
import type { AgentEngineSdk } from './load-sdk.ts';
import { loadSdk } from './load-sdk.ts';
import { USER_ID, engineNameOf, renderQuery, renderState, sessionIdOf } from './request.ts';
import { AGENT_ENGINE_RESPONSE } from './response.ts';

export interface AgentEngineConnection {
  readonly project: string;
  readonly location: string;
  /** Scheme and host, instead of the location's own. */
  readonly baseUrl?: string;
  readonly credential: GoogleCredential;
}

/** SDK 1.12.0, the service's reference and the Agent Development Kit's template for it, 2026-11. */
export const AGENT_ENGINE_TRAITS: ManagedAgentTraits = {
  // Those that the engine's own code declares as long-running.
  functionCalls: true,
  mcpApprovals: false,
  idempotentInput: false,
  readableSessions: true,
  findableSessions: true,
  // Only in a form that keys need not have.
  namesSessions: false,
  cancel: false,
  close: true,
  savedAgents: 'required',
  subAgents: true,
  usage: true,
};

const DIALECT: FailingDialect = { response: AGENT_ENGINE_RESPONSE, failure: AGENT_ENGINE_FAILURE };

/** Google Agent Engine: code of the customer's own, which we use as it is deployed. */
export function createAgentEngineClient(connection: AgentEngineConnection, timeouts: CallTimeouts): ManagedAgentClient {
  let loading: Promise<AgentEngineSdk> | undefined;
  const load = (): Promise<AgentEngineSdk> =>
    (loading ??= loadSdk({ ...connection, getToken: createTokenProvider(connection.credential) }));
  const run = async <Result>(setting: CallSetting, work: (call: EngineCall) => Promise<Result>): Promise<Result> =>
    inCall({ dialect: DIALECT, timeouts }, await load(), { setting, work });
  const nameOf = (plan: SessionPlan): string => engineNameOf(plan, connection);
  return {
    traits: AGENT_ENGINE_TRAITS,
    open: async (plan, input, options) => {
      assertServed(plan, input, AGENT_ENGINE_TRAITS);
      const engine = nameOf(plan);
      const session = { sessionId: sessionIdOf(plan.key), plan };
      const turn = await run({ options, acceptance: 'as-told' }, async (call) => {
        await createSession(call, engine, session);
        // Told at once: a session that nobody knows could not be removed. Its input follows.
        await tell(call, async () => call.progress?.onSession(session.sessionId));
        return query(call, { engine, session, input });
      });
      return { ...turn, sessionId: session.sessionId };
    },
    send: async (session, input, options) => {
      assertServed({ ...session.plan, tools: [] }, input, AGENT_ENGINE_TRAITS);
      const engine = nameOf(session.plan);
      return run({ options, acceptance: 'not-accepted', sessionId: session.sessionId }, async (call) => {
        // The engine's code says in its own words that it has no such session; the service says it in its own.
        await getSession(call, engine, session.sessionId);
        return query(
          call,
          { engine, session, input },
          {
            beforeSending: () => tellSending(call),
            onAccepted: () => tell(call, async () => call.progress?.onSession(session.sessionId)),
          },
        );
      });
    },
    find: async (plan, options) => {
      const [engine, sessionId] = [nameOf(plan), sessionIdOf(plan.key)];
      const isThere = await run({ options, acceptance: 'unknown' }, (call) => unlessGone(getSession(call, engine, sessionId)));
      return isThere ? sessionId : undefined;
    },
    reconcile: (session, _input, options) =>
      run({ options, acceptance: 'unknown', sessionId: session.sessionId }, (call) =>
        reconcile(call, nameOf(session.plan), session),
      ),
    cancel: async () => {
      throw unsupported('cancel');
    },
    close: (session) =>
      run({ options: {}, acceptance: 'as-told', sessionId: session.sessionId, silenceMs: timeouts.cancelMs }, async (call) => {
        await unlessGone(deleteSession(call, nameOf(session.plan), session.sessionId));
      }),
  };
}

/** One that is there already was opened before, with an input or without: only a look at it tells. */
async function createSession(call: EngineCall, engine: string, { sessionId, plan }: OpenSession): Promise<void> {
  const config = { sessionId, sessionState: renderState(plan) };
  try {
    const response = await exchange(
      call,
      (abortSignal) =>
        call.sdk.send((engines) =>
          engines.sessions.createInternal({ name: engine, userId: USER_ID, config: { ...config, abortSignal } }),
        ),
      () => tellSending(call),
    );
    await response.body?.cancel();
  } catch (error) {
    if (error instanceof ModelFailureError && error.failure.code === 'ALREADY_EXISTS') call.acceptance = 'unknown';
    throw error;
  }
  call.sessionId = sessionId;
  call.answered = undefined;
}

interface Asking {
  readonly engine: string;
  readonly session: OpenSession;
  readonly input: SessionInput;
}

/** Of an input to a session that is open. */
interface Telling {
  readonly beforeSending?: () => Promise<void>;
  readonly onAccepted?: () => Promise<void>;
}

async function query(call: EngineCall, { engine, session, input }: Asking, { beforeSending, onAccepted }: Telling = {}) {
  call.acceptance = 'as-told';
  call.timer.restart(call.timeouts.firstEventMs);
  const body = renderQuery(session.sessionId, input);
  try {
    const response = await exchange(call, (signal) => call.sdk.streamQuery(engine, body, signal), beforeSending);
    call.acceptance = 'accepted';
    await onAccepted?.();
    return await readStream(call, response, session.plan);
  } catch (error) {
    if (error instanceof ModelFailureError && error.failure.code === ENGINE_FAILED) call.acceptance = 'unknown';
    throw error;
  }
}

async function deleteSession(call: EngineCall, engine: string, sessionId: string): Promise<void> {
  const name = `${engine}/sessions/${sessionId}`;
  const response = await exchange(call, (abortSignal) =>
    call.sdk.send((engines) => engines.sessions.delete({ name, config: { abortSignal } })),
  );
  await response.body?.cancel();
}

async function tellSending({ progress }: EngineCall): Promise<void> {
  await progress?.onSending().catch((error: unknown) => {
    throw new ProgressError(error);
  });
}

async function unlessGone(asking: Promise<unknown>): Promise<boolean> {
  try {
    await asking;
    return true;
  } catch (error) {
    if (error instanceof ModelFailureError && error.failure.status === 404) return false;
    throw error;
  }
}

function unsupported(code: string): ModelFailureError {
  return new ModelFailureError({ kind: 'unsupported', phase: 'resolve', acceptance: 'not-accepted', scope: 'deployment', code });
}
