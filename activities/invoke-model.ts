/**
 * One attempt, with the journal that makes a worker's death cheap: `started` before anything is sent, `submitted` when the
 * cloud names a response, `completed` before Temporal is told. A retry of the activity reads it first.
 */
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { InvokeModelInput, InvokeModelResult } from '../workflows/activity-interfaces.ts';
import type { DeploymentId } from '../workflows/domain/ids.ts';
import { endpointOf } from '../workflows/domain/ids.ts';
import type { ModelFailure } from '../workflows/domain/model-failure.ts';
import { costUsdMicros, priceAt } from '../workflows/domain/price.ts';
import type { ToolDefinition } from '../workflows/domain/tool-call.ts';
import { excerptOf, toPrintable } from '../workflows/domain/tool-call.ts';
import type { ItemId, TranscriptHead, TranscriptItem } from '../workflows/domain/transcript.ts';
import type { ToolCallReference } from '../workflows/domain/turn.ts';
import type { CallOptions, ModelAnswer } from './clouds/cloud-client.ts';
import { ModelFailureError } from './clouds/cloud-client.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { ModelCall } from './model-call.ts';
import { callModel, pickUp, stopResponse } from './model-call.ts';
import { reserveFor } from './reserve-for.ts';
import type { ServedDeployment } from './served-deployment.ts';
import type { AttemptKey, AttemptReserve, AttemptState, StoredAnswer, TaskStore } from './store/task-store.ts';
import { withUniqueCallIds } from './unique-call-ids.ts';

export interface InvokeModelDependencies {
  readonly store: TaskStore;
  readonly served: ReadonlyMap<DeploymentId, ServedDeployment>;
  /** The definitions of these tools; names it does not know are left out. */
  toolDefinitions(names: readonly string[]): readonly ToolDefinition[];
}

const EXCERPT_CHARACTERS = 120;

/** An attempt as it runs: what is asked, of whom, and where the answer goes. */
interface RunningAttempt {
  readonly store: TaskStore;
  readonly key: AttemptKey;
  readonly call: ModelCall;
  /** The transcript that is sent. */
  readonly head: TranscriptHead;
  readonly reserve: AttemptReserve;
  responseId?: string;
}

/** The activity `invokeModel`. */
export function createInvokeModel(dependencies: InvokeModelDependencies) {
  return (input: InvokeModelInput): Promise<InvokeModelResult> =>
    withHeartbeat(async () => {
      try {
        return await invokeModel(dependencies, input);
      } catch (error) {
        throw toActivityFailure(error);
      }
    });
}

async function invokeModel(dependencies: InvokeModelDependencies, input: InvokeModelInput): Promise<InvokeModelResult> {
  const { store } = dependencies;
  const key: AttemptKey = { taskId: currentTaskId(), turn: input.turn, attempt: input.attempt };
  const attempt = await prepare(dependencies, key, input);
  const { entry, isNew } = await store.startAttempt(key, input.deployment, attempt?.reserve);
  if (!isNew && entry.state.kind === 'completed') return toResult(store, key, entry.state.answer);
  if (attempt === undefined) return endFailed(store, key, notServed(input.deployment));
  if (isNew) return finish(attempt, (options) => callModel(attempt.call, options));
  const { state } = entry;
  if (state.kind === 'submitted' && state.background) {
    attempt.responseId = state.responseId;
    return finish(attempt, (options) => pickUp(attempt.call, state.responseId, options));
  }
  return fail(attempt, failureOf(state));
}

/** `undefined`: this worker does not serve the deployment. */
async function prepare(
  { store, served, toolDefinitions }: InvokeModelDependencies,
  key: AttemptKey,
  input: InvokeModelInput,
): Promise<RunningAttempt | undefined> {
  const deployment = served.get(input.deployment);
  if (deployment === undefined) return undefined;
  const settings = await store.getSettings(key.taskId);
  const head = await store.appendToTranscript(key.taskId, input.head, input.results);
  const transcript = await store.readTranscript(key.taskId, head);
  const tools = toolDefinitions(settings.tools);
  const call: ModelCall = { key, served: deployment, settings, tools, transcript };
  return { store, key, head, call, reserve: reserveFor(call, Date.now()) };
}

/** Runs the call and writes down how it ended, before anyone is told. */
async function finish(attempt: RunningAttempt, call: (options: CallOptions) => Promise<ModelAnswer>): Promise<InvokeModelResult> {
  const { store, key } = attempt;
  const signal = Context.current().cancellationSignal;
  try {
    const answer = await call({ signal, progress: { onEvent: () => undefined, onResponseId: (id) => submit(attempt, id) } });
    const state = await complete(attempt, answer);
    return await toResult(store, key, state);
  } catch (error) {
    if (signal.aborted) return stop(attempt, error);
    if (error instanceof ModelFailureError) return fail(attempt, error.failure);
    throw error;
  }
}

async function submit(attempt: RunningAttempt, responseId: string): Promise<void> {
  attempt.responseId = responseId;
  const { background } = attempt.call.served;
  await attempt.store.updateAttempt(attempt.key, { kind: 'submitted', responseId, background });
}

/** The first answer stays: a worker that was thought dead may have been faster. */
async function complete({ store, key, call, head }: RunningAttempt, answer: ModelAnswer): Promise<StoredAnswer> {
  const items = await store.putItems(key.taskId, withUniqueCallIds(answer.items));
  const stored: StoredAnswer = {
    head: await store.appendToTranscript(key.taskId, head, items),
    items,
    usage: answer.usage,
    costUsdMicros: costUsdMicros(answer.usage, priceAt(call.served.prices, Date.now())),
    ...(answer.incomplete === undefined ? {} : { incomplete: answer.incomplete }),
  };
  const { state } = await store.updateAttempt(key, { kind: 'completed', answer: stored });
  return state.kind === 'completed' ? state.answer : stored;
}

/** The loop counts what is in suspense against the task's budget, so the failure says how much that is. */
function fail({ store, key, reserve }: RunningAttempt, failure: ModelFailure): Promise<never> {
  if (failure.acceptance === 'not-accepted') return endFailed(store, key, failure);
  return endFailed(store, key, { ...failure, suspenseUsdMicros: reserve.usdMicros });
}

async function endFailed(store: TaskStore, key: AttemptKey, failure: ModelFailure): Promise<never> {
  const { state } = await store.updateAttempt(key, { kind: 'failed', failure });
  throw new ModelFailureError(state.kind === 'failed' ? state.failure : failure);
}

/**
 * A cancelled task stops the cloud's work too. A worker that shuts down, or an operator's pause, is no cancel: the journal
 * stays as it is, and the next try of this activity goes on from it.
 */
async function stop(attempt: RunningAttempt, error: unknown): Promise<never> {
  const { responseId } = attempt;
  if (Context.current().cancellationDetails?.cancelRequested === false) {
    throw ApplicationFailure.retryable('the worker stopped during the call', 'WorkerStopped');
  }
  if (responseId !== undefined) await stopResponse(attempt.call.served, responseId);
  const state: AttemptState = { kind: 'cancelled', ...(responseId === undefined ? {} : { responseId }) };
  await attempt.store.updateAttempt(attempt.key, state);
  throw error;
}

/** What an attempt that another worker left behind has come to. */
function failureOf(state: AttemptState): ModelFailure {
  if (state.kind === 'failed') return state.failure;
  const interrupted = { kind: 'interrupted', scope: 'request', code: 'worker lost' } as const;
  if (state.kind === 'started') return { ...interrupted, phase: 'sent', acceptance: 'unknown' };
  const responseId = 'responseId' in state ? state.responseId : undefined;
  const known = responseId === undefined ? {} : { responseId };
  return { ...interrupted, ...known, phase: 'started', acceptance: 'accepted' };
}

/** Its endpoint's queue is polled here, but the model is not: the configuration changed while the task ran. */
function notServed(deployment: DeploymentId): ModelFailure {
  return {
    kind: 'not-found',
    phase: 'resolve',
    acceptance: 'not-accepted',
    scope: 'deployment',
    code: `no longer configured at ${endpointOf(deployment)}`,
  };
}

async function toResult(store: TaskStore, { taskId }: AttemptKey, answer: StoredAnswer): Promise<InvokeModelResult> {
  const items = await Promise.all(answer.items.map((id) => store.getItem(taskId, id)));
  const said = items.flatMap((item) => (item.kind === 'assistant-message' ? [item.text] : [])).join(' ');
  const excerpt = toPrintable(said, EXCERPT_CHARACTERS);
  return {
    head: answer.head,
    calls: items.flatMap((item, index) => toReference(item, answer.items[index])),
    usage: answer.usage,
    costUsdMicros: answer.costUsdMicros,
    ...(excerpt === '' ? {} : { excerpt }),
    ...(answer.incomplete === undefined ? {} : { incomplete: answer.incomplete }),
  };
}

function toReference(item: TranscriptItem, id: ItemId | undefined): readonly ToolCallReference[] {
  if (item.kind !== 'tool-call' || id === undefined) return [];
  return [{ callId: item.callId, name: item.name, item: id, excerpt: excerptOf(item) }];
}
