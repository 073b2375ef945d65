/** One call of an adapter: its requests one after the other, each sent once, and one failure envelope for whatever breaks it. */
import type OpenAI from 'openai';
import type { Acceptance } from '../../../workflows/domain/model-failure.ts';
import { ModelFailureError } from '../../clouds/cloud-client.ts';
import { CallTimer } from '../../clouds/responses-api/call-timer.ts';
import type { CallTimeouts, CloudDialect } from '../../clouds/responses-api/cloud-dialect.ts';
import type { RequestTrace } from '../../clouds/responses-api/observed-fetch.ts';
import { traced } from '../../clouds/responses-api/observed-fetch.ts';
import { readRequestId } from '../../clouds/responses-api/read-refusal.ts';
import { ProgressError } from '../../clouds/responses-api/read-response-stream.ts';
import type { CallState } from '../../clouds/responses-api/to-model-failure.ts';
import { toCallError } from '../../clouds/responses-api/to-model-failure.ts';
import type { SessionOptions } from '../managed-agent-client.ts';
import type { AgentsDialect } from './agents-dialect.ts';

/** What of a service's dialect a call itself needs: where requests are named, and what failures mean. */
export type FailingDialect = Pick<CloudDialect, 'response' | 'failure'>;

/** A call in flight. */
export interface AgentsCall<Sdk = OpenAI, Dialect extends FailingDialect = AgentsDialect> {
  readonly sdk: Sdk;
  readonly dialect: Dialect;
  readonly timeouts: CallTimeouts;
  readonly timer: CallTimer;
  readonly signal: AbortSignal | undefined;
  readonly progress: SessionOptions['progress'] | undefined;
  /**
   * What the failure of a further request says about the input. `as-told`: this request is the one that carries it, so how it failed
   * tells.
   */
  acceptance: Acceptance | 'as-told';
  sessionId: string | undefined;
  /** Of the last request that was answered. */
  answered: CallState['stream'];
}

/** Whatever the service's SDK and dialect. */
type AnyCall = AgentsCall<unknown, FailingDialect>;

export interface CallSetting {
  readonly options: { readonly signal?: AbortSignal; readonly progress?: SessionOptions['progress'] };
  readonly acceptance: AgentsCall['acceptance'];
  readonly sessionId?: string;
  /** How long the service may say nothing; default: as for a first event. */
  readonly silenceMs?: number;
}

interface CallPlan<Sdk, Dialect extends FailingDialect, Result> {
  readonly setting: CallSetting;
  readonly work: (call: AgentsCall<Sdk, Dialect>) => Promise<Result>;
}

export async function inCall<Sdk, Dialect extends FailingDialect, Result>(
  { dialect, timeouts }: { readonly dialect: Dialect; readonly timeouts: CallTimeouts },
  sdk: Sdk,
  { setting, work }: CallPlan<Sdk, Dialect, Result>,
): Promise<Result> {
  const { signal, progress } = setting.options;
  signal?.throwIfAborted();
  const { acceptance, sessionId, silenceMs = timeouts.firstEventMs } = setting;
  const timer = new CallTimer(signal, silenceMs);
  const call: AgentsCall<Sdk, Dialect> = {
    sdk,
    dialect,
    // Of every request of the call, not of its first alone.
    timeouts: { ...timeouts, firstEventMs: silenceMs },
    timer,
    signal,
    progress,
    acceptance,
    sessionId,
    answered: undefined,
  };
  try {
    return await work(call);
  } catch (error) {
    // The caller's own abort is no failure of the service, whatever it looks like by now.
    signal?.throwIfAborted();
    throw settle(toCallError(reasonOf(error, timer), stateOf(call), dialect), call);
  } finally {
    timer.stop();
  }
}

type Send = (signal: AbortSignal) => Promise<Response>;

/** Sends one request. @throws ModelFailureError, ProgressError */
export async function exchange(call: AnyCall, send: Send, beforeSending?: () => Promise<void>): Promise<Response> {
  const { timer, dialect } = call;
  const trace: RequestTrace = { phase: 'resolve', ...(beforeSending === undefined ? {} : { beforeSending }) };
  try {
    const response = await traced(trace, () => send(timer.signal));
    const requestId = readRequestId(response.headers, dialect.response);
    call.answered = {
      position: 'headers',
      status: response.status,
      ...(requestId === undefined ? {} : { requestId }),
    };
    return response;
  } catch (error) {
    call.signal?.throwIfAborted();
    throw toCallError(reasonOf(error, timer), { trace }, dialect);
  }
}

/** Our own side is told; while it works, the service's silence is not counted. */
export async function tell(call: AnyCall, telling: () => Promise<void>): Promise<void> {
  call.timer.pause();
  await telling().catch((error: unknown) => {
    throw new ProgressError(error);
  });
  call.timer.restart(call.timeouts.firstEventMs);
}

/** Silence aborts the call, which then looks like anything. */
function reasonOf(error: unknown, timer: CallTimer): unknown {
  return timer.signal.aborted && !(error instanceof ModelFailureError) ? timer.signal.reason : error;
}

function stateOf({ answered }: AnyCall): CallState {
  return { trace: { phase: 'sent' }, ...(answered === undefined ? {} : { stream: answered }) };
}

function settle(error: unknown, { acceptance, sessionId }: AnyCall): unknown {
  if (!(error instanceof ModelFailureError)) return error;
  const { failure } = error;
  const isGone = sessionId !== undefined && failure.status === 404 && failure.kind === 'not-found';
  return new ModelFailureError(
    {
      ...failure,
      // What is missing is the session, and says nothing about the service.
      ...(isGone ? { scope: 'request' } : {}),
      ...(acceptance === 'as-told' ? {} : { acceptance }),
      ...(sessionId === undefined ? {} : { responseId: sessionId }),
    },
    { cause: error.cause, rateLimit: error.rateLimit },
  );
}
