/** One invocation: sent once, its events handed on as they come, and one failure envelope for whatever breaks it. */
import type { BedrockAgentRuntimeClient } from '@aws-sdk/client-bedrock-agent-runtime';
import type { InvokeAgentCommand } from '@aws-sdk/client-bedrock-agent-runtime';
import { CallTimer } from '../../clouds/responses-api/call-timer.ts';
import type { CallTimeouts } from '../../clouds/responses-api/cloud-dialect.ts';
import { ProgressError } from '../../clouds/responses-api/read-response-stream.ts';
import type { SessionOptions } from '../managed-agent-client.ts';
import type { InvocationSubject, InvocationTrace } from './failure.ts';
import { toInvocationError } from './failure.ts';
import type { AgentCommand } from './request.ts';
import type { AgentEvent } from './response.ts';

export interface Exchange {
  readonly sdk: BedrockAgentRuntimeClient;
  readonly timeouts: CallTimeouts;
  readonly subject: InvocationSubject;
  readonly options: { readonly signal?: AbortSignal; readonly progress?: SessionOptions['progress'] };
}

interface Running extends Exchange {
  readonly trace: InvocationTrace;
  readonly timer: CallTimer;
}

type Events = AsyncIterable<AgentEvent>;

/** @throws ModelFailureError, or the reason of the caller's abort */
export async function exchange<Result>(
  setting: Exchange,
  command: AgentCommand,
  read: (events: Events) => Promise<Result>,
): Promise<Result> {
  const { timeouts, options, subject } = setting;
  options.signal?.throwIfAborted();
  const timer = new CallTimer(options.signal, timeouts.firstEventMs);
  const running: Running = { ...setting, trace: { phase: 'resolve' }, timer };
  try {
    const events = await unlessAborted(timer.signal, send(running, command));
    return await read(watched(running, events));
  } catch (error) {
    // The caller's own abort is no failure of the service, whatever it looks like by now.
    options.signal?.throwIfAborted();
    // Nor is silence what the SDK makes of the abort that it leads to.
    const reason: unknown = timer.signal.aborted ? timer.signal.reason : error;
    throw toInvocationError(reason, running.trace, subject);
  } finally {
    timer.stop();
  }
}

async function send(running: Running, { kind, command }: AgentCommand): Promise<Events> {
  const { sdk, timer } = running;
  // The same stack, whose type names the operation.
  observe(command as InvokeAgentCommand, running);
  const abort = { abortSignal: timer.signal };
  const { completion } = kind === 'saved' ? await sdk.send(command, abort) : await sdk.send(command, abort);
  return completion ?? noEvents();
}

async function* noEvents(): AsyncGenerator<AgentEvent> {}

/** Around the connection itself: credentials are there and the request is signed, and what comes back is not yet read. */
function observe({ middlewareStack }: InvokeAgentCommand, running: Running): void {
  const { trace, timer, timeouts, options, subject } = running;
  middlewareStack.add(
    (next) => async (given) => {
      await telling(running, async () => options.progress?.onSending());
      options.signal?.throwIfAborted();
      timer.restart(timeouts.firstEventMs);
      trace.phase = 'sent';
      const result = await next(given);
      const { statusCode, headers } = result.response as AwsResponse;
      Object.assign(trace, { phase: 'headers', status: statusCode, headers: new Headers(headers) });
      if (statusCode < 300) {
        // The SDK keeps what it opened until the first event is there: it is told now.
        await telling(running, async () => options.progress?.onSession(subject.sessionId));
      }
      timer.restart(timeouts.idleMs);
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'anyportObserve' },
  );
}

/** Of the SDK's own HTTP handler. */
interface AwsResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
}

/** While our own side works, the service's silence is not counted. */
async function telling({ timer }: Running, tell: () => Promise<void>): Promise<void> {
  timer.pause();
  await tell().catch((error: unknown) => {
    throw new ProgressError(error);
  });
}

async function* watched(running: Running, events: Events): AsyncGenerator<AgentEvent> {
  const { trace, timer, timeouts, options } = running;
  const iterator = events[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await unlessAborted(timer.signal, iterator.next());
      if (done === true) return;
      timer.restart(timeouts.idleMs);
      const isOutput = value.chunk !== undefined || value.returnControl !== undefined;
      trace.phase = isOutput ? 'output' : trace.phase === 'headers' ? 'started' : trace.phase;
      options.progress?.onEvent();
      yield value;
    }
  } finally {
    // Not waited for: a stream that is silent ends when the call's signal closes its connection.
    void iterator.return?.().catch(() => undefined);
  }
}

/** The SDK heeds the signal until the headers are there; what it reads after that is left alone. */
async function unlessAborted<Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
