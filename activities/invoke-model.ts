/**
 * One attempt, with the journal that makes a worker's death cheap: `started` before anything is sent, `submitted` when the
 * cloud names a response, `completed` before Temporal is told. A retry of the activity reads it first.
 */
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { InvokeModelInput, InvokeModelResult } from '../workflows/activity-interfaces.ts';
import type { DeploymentId } from '../workflows/domain/ids.ts';
import { endpointOf } from '../workflows/domain/ids.ts';
import type { ModelFailure } from '../workflows/domain/model-failure.ts';
import { costUsdMicros } from '../workflows/domain/price.ts';
import type { ToolDefinition } from '../workflows/domain/tool-call.ts';
import { excerptOf, toPrintable } from '../workflows/domain/tool-call.ts';
import type { ItemId, TranscriptHead, TranscriptItem } from '../workflows/domain/transcript.ts';
import type { ToolCallReference } from '../workflows/domain/turn.ts';
import type { CallOptions, ModelAnswer } from './clouds/cloud-client.ts';
import { ModelFailureError } from './clouds/cloud-client.ts';
import { currentTaskId } from './current-task.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { AttemptGate, Ticket } from './health/attempt-gate.ts';
import { estimateTokens } from './health/estimate-tokens.ts';
import { withHealth } from './health/with-health.ts';
import type { ModelCall } from './model-call.ts';
import { callModel, pickUp, stopResponse } from './model-call.ts';
import type { ServedDeployment } from './served-deployment.ts';
import type { AttemptKey, AttemptState, StoredAnswer, TaskStore } from './store/task-store.ts';
import { withUniqueCallIds } from './unique-call-ids.ts';

export interface InvokeModelDependencies {
  readonly store: TaskStore;
  readonly served: ReadonlyMap<DeploymentId, ServedDeployment>;
  /** Before every attempt that is really new. */
  readonly gate: AttemptGate;
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
  /** Of an attempt that this worker began: what it comes to counts for all others. */
  ticket?: Ticket;
  responseId?: string;
}

/** The activity `invokeModel`. */
export function createInvokeModel(dependencies: InvokeModelDependencies) {
  return (input: InvokeModelInput): Promise<InvokeModelResult> =>
    withHeartbeat(() => withHealth(dependencies, input.deployment, () => invokeModel(dependencies, input)));
}

async function invokeModel(dependencies: InvokeModelDependencies, input: InvokeModelInput): Promise<InvokeModelResult> {
  const { store } = dependencies;
  const key: AttemptKey = { taskId: currentTaskId(), turn: input.turn, attempt: input.attempt };
  const { entry, isNew } = await store.startAttempt(key, input.deployment);
  if (!isNew && entry.state.kind === 'completed') return toResult(store, key, entry.state.answer);
  const attempt = await prepare(dependencies, key, input);
  if (isNew) {
    await passGate(dependencies, attempt, input);
    return finish(attempt, (options) => callModel(attempt.call, options));
  }
  const { state } = entry;
  if (state.kind === 'submitted' && state.background) {
    attempt.responseId = state.responseId;
    return finish(attempt, (options) => pickUp(attempt.call, state.responseId, options));
  }
  return fail(attempt, failureOf(state));
}

/** An attempt that is held ends here, in the journal too: the story is whole, and a retry of the activity is told the same. */
async function passGate(
  { gate }: InvokeModelDependencies,
  attempt: RunningAttempt,
  { deployment, retry }: InvokeModelInput,
): Promise<void> {
  const { call, key } = attempt;
  const cause = retry === undefined ? {} : { retry };
  try {
    attempt.ticket = await gate.admit({ taskId: key.taskId, deployment, ...cause, estimateTokens: () => estimateTokens(call) });
  } catch (error) {
    if (!(error instanceof ModelFailureError)) throw error;
    await fail(attempt, error.failure);
  }
}

async function prepare(
  { store, served, toolDefinitions }: InvokeModelDependencies,
  key: AttemptKey,
  input: InvokeModelInput,
): Promise<RunningAttempt> {
  const deployment = served.get(input.deployment);
  if (deployment === undefined) {
    await store.updateAttempt(key, { kind: 'failed', failure: notServed(input.deployment) });
    throw new ModelFailureError(notServed(input.deployment));
  }
  const settings = await store.getSettings(key.taskId);
  const head = await store.appendToTranscript(key.taskId, input.head, input.results);
  const whole = await store.readTranscript(key.taskId, head);
  // The cloud refused reasoning that was thought to be its own: what it does not get, it cannot refuse.
  const transcript = input.dropReasoning === true ? whole.filter(({ kind }) => kind !== 'reasoning') : whole;
  const tools = toolDefinitions(settings.tools);
  return { store, key, head, call: { key, served: deployment, settings, tools, transcript } };
}

/** Runs the call and writes down how it ended, before anyone is told. */
async function finish(attempt: RunningAttempt, call: (options: CallOptions) => Promise<ModelAnswer>): Promise<InvokeModelResult> {
  const { store, key } = attempt;
  const signal = Context.current().cancellationSignal;
  try {
    const onEvent = (): void => attempt.ticket?.firstEvent();
    const answer = await call({ signal, progress: { onEvent, onResponseId: (id) => submit(attempt, id) } });
    const state = await complete(attempt, answer);
    await attempt.ticket?.end({ kind: 'answered', usage: answer.usage, ...hintOf(answer) });
    return await toResult(store, key, state);
  } catch (error) {
    if (signal.aborted) return await stop(attempt, error);
    if (error instanceof ModelFailureError) return await fail(attempt, error.failure, hintOf(error));
    throw error;
  } finally {
    // After all of the above: an end that was told stays, and what is left says nothing of the cloud.
    await attempt.ticket?.end({ kind: 'abandoned' });
  }
}

/** What the cloud said is left of its limits. */
type RateLimitHint = Pick<ModelAnswer, 'rateLimit'>;

function hintOf({ rateLimit }: RateLimitHint): RateLimitHint {
  return rateLimit === undefined ? {} : { rateLimit };
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
    costUsdMicros: costUsdMicros(answer.usage, call.served.deployment.price),
    ...(answer.incomplete === undefined ? {} : { incomplete: answer.incomplete }),
  };
  const { state } = await store.updateAttempt(key, { kind: 'completed', answer: stored });
  return state.kind === 'completed' ? state.answer : stored;
}

async function fail({ store, key, ticket }: RunningAttempt, failure: ModelFailure, hint: RateLimitHint = {}): Promise<never> {
  const { state } = await store.updateAttempt(key, { kind: 'failed', failure });
  await ticket?.end({ kind: 'failed', failure, ...hint });
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
