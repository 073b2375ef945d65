/**
 * One attempt, with the journal that makes a worker's death cheap: `started` when it is prepared, `sending` right before the
 * request leaves, `submitted` when the cloud names a response, `completed` before Temporal is told. A retry reads it first.
 */
import { ApplicationFailure } from '@temporalio/activity';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { InvokeModelInput, InvokeModelResult } from '../workflows/activity-interfaces.ts';
import type { DeploymentId } from '../workflows/domain/ids.ts';
import type { Acceptance, ModelFailure } from '../workflows/domain/model-failure.ts';
import { costUsdMicros, priceAt } from '../workflows/domain/price.ts';
import type { ToolDefinition } from '../workflows/domain/tool-call.ts';
import type { TranscriptHead, TranscriptItem } from '../workflows/domain/transcript.ts';
import { cancelConfirmed, isTaskCancelled, taskCancelled } from './activity-signal.ts';
import { failureOf, ineligible, notServed } from './attempt-failure.ts';
import { createCallTries } from './call-tries.ts';
import { chooseBackground } from './choose-background.ts';
import type { CallOptions, ModelAnswer } from './clouds/cloud-client.ts';
import { ModelFailureError } from './clouds/cloud-client.ts';
import { askForSummary, keepCompacted } from './conversation/compaction.ts';
import { currentTaskId } from './current-task.ts';
import type { EligibilityFacts } from './eligibility/tenant-eligibility.ts';
import { asksZeroRetention, reasonsAgainstNow } from './eligibility/tenant-eligibility.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { AttemptGate, Ticket } from './health/attempt-gate.ts';
import { estimateTokens } from './health/estimate-tokens.ts';
import { withHealth } from './health/with-health.ts';
import type { ModelCall } from './model-call.ts';
import { callModel, pickUp, stopResponse } from './model-call.ts';
import { reserveFor } from './reserve-for.ts';
import type { ServedDeployment } from './served-deployment.ts';
import type { AttemptKey, AttemptReserve, StoredAnswer, TaskStore } from './store/task-store.ts';
import { definitionsOf } from './tools/added-tools.ts';
import type { TurnAnswerDependencies } from './turn-answer.ts';
import { toTurnAnswer } from './turn-answer.ts';
import { withUniqueCallIds } from './unique-call-ids.ts';

export interface InvokeModelDependencies extends TurnAnswerDependencies {
  readonly served: ReadonlyMap<DeploymentId, ServedDeployment>;
  /** Before every attempt that is really new. */
  readonly gate: AttemptGate;
  readonly eligibility: EligibilityFacts;
  /** The definitions of these built-in tools; names it does not know are left out. */
  toolDefinitions(names: readonly string[]): readonly ToolDefinition[];
}

/** Another worker is there already; Temporal's own pause would grow with every interruption. */
const SOON = '10ms';

/** An attempt as it runs: what is asked, of whom, and where the answer goes. */
interface RunningAttempt extends TurnAnswerDependencies {
  readonly key: AttemptKey;
  /** Aborted when it must end. */
  readonly signal: AbortSignal;
  readonly call: ModelCall;
  /** The transcript that is sent. */
  readonly head: TranscriptHead;
  /** What it is, when the answer is to be a summary of it. */
  readonly compacting?: {
    readonly transcript: readonly TranscriptItem[];
    readonly window: Pick<InvokeModelInput, 'contextWindow'>;
  };
  /** Of an attempt that this worker began: what it comes to counts for all others. */
  ticket?: Ticket;
  /** Tells this try from those of other workers that were thought dead. */
  readonly sender: string;
  acceptance: Acceptance;
  readonly reserve: AttemptReserve;
  responseId?: string;
}

/** The activity `invokeModel`. */
export function createInvokeModel(dependencies: InvokeModelDependencies) {
  const inTries = createCallTries();
  return (input: InvokeModelInput): Promise<InvokeModelResult> => {
    const { turn, attempt, deployment } = input;
    const key: AttemptKey = { taskId: currentTaskId(), turn, attempt };
    const invoke = (signal: AbortSignal) =>
      withHealth(dependencies, deployment, () => invokeModel(dependencies, { key, signal }, input));
    return withHeartbeat(() => inTries(`${key.taskId}/${turn}/${attempt}`, invoke));
  };
}

async function invokeModel(
  dependencies: InvokeModelDependencies,
  { key, signal }: Pick<RunningAttempt, 'key' | 'signal'>,
  input: InvokeModelInput,
): Promise<InvokeModelResult> {
  const { store } = dependencies;
  const attempt = await prepare(dependencies, { key, signal }, input);
  const { entry } = await store.startAttempt(key, input.deployment, attempt?.reserve);
  const { state } = entry;
  if (state.kind === 'completed') return toTurnAnswer(dependencies, { key, answer: state.answer, served: attempt?.call.served });
  if (attempt === undefined) return endFailed(store, key, notServed(input.deployment));
  // Whoever prepared it sent nothing: that is no second attempt.
  if (state.kind === 'started') {
    await pauseFor(attempt, input);
    await mustBeEligible(dependencies, attempt);
    await passGate(dependencies, attempt, input);
    return finish(attempt, (options) => callModel(attempt.call, options));
  }
  if (state.kind === 'submitted' && state.background) {
    const { responseId } = state;
    const taken: RunningAttempt = { ...attempt, call: { ...attempt.call, background: true }, acceptance: 'accepted', responseId };
    return finish(taken, (options) => pickUp(taken.call, responseId, options));
  }
  return fail(attempt, failureOf(state));
}

/** The backoff of a retry comes before the gate, which may have closed meanwhile. */
async function pauseFor(attempt: RunningAttempt, { pauseMs }: InvokeModelInput): Promise<void> {
  if (pauseMs === undefined) return;
  try {
    await pause(pauseMs, undefined, { signal: attempt.signal });
  } catch {
    await stop(attempt);
  }
}

/** Every call is asked again whether it is allowed: a fact may have ended, or a policy changed, since the route was planned. */
async function mustBeEligible({ eligibility }: InvokeModelDependencies, attempt: RunningAttempt): Promise<void> {
  const { served, settings } = attempt.call;
  if (settings.eligibility === undefined) return;
  const now = { task: settings.eligibility, nowMs: Date.now() };
  const reasons = reasonsAgainstNow(eligibility, served.deployment.id, now);
  if (reasons.length > 0) await fail(attempt, ineligible(reasons));
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

/** `undefined`: this worker does not serve the deployment. */
async function prepare(
  { store, served, toolDefinitions, isSideBySide, eligibility }: InvokeModelDependencies,
  { key, signal }: Pick<RunningAttempt, 'key' | 'signal'>,
  input: InvokeModelInput,
): Promise<RunningAttempt | undefined> {
  const deployment = served.get(input.deployment);
  if (deployment === undefined) return undefined;
  const settings = await store.getSettings(key.taskId);
  const head = await store.appendToTranscript(key.taskId, input.head, input.results);
  const whole = await store.readTranscript(key.taskId, head);
  // The cloud refused reasoning that was thought to be its own: what it does not get, it cannot refuse.
  const transcript = input.dropReasoning === true ? whole.filter(({ kind }) => kind !== 'reasoning') : whole;
  const isCompaction = input.purpose === 'compact';
  const tools = isCompaction ? [] : definitionsOf(settings, toolDefinitions);
  // Only `auto` asks what was answered so far: a long task has thousands of attempts.
  const attempts = deployment.background === 'auto' ? await store.listAttempts(key.taskId) : [];
  // The background mode stores what is sent.
  const background =
    !asksZeroRetention(eligibility, settings.eligibility) && chooseBackground({ served: deployment, settings, attempts });
  const asked = isCompaction ? askForSummary(transcript, input) : transcript;
  const { outputSchema } = settings;
  const format = isCompaction || outputSchema === undefined ? {} : { outputSchema };
  const call: ModelCall = { key, served: deployment, background, settings, tools, transcript: asked, ...format };
  const attempt = { store, isSideBySide, key, signal, head, call, reserve: reserveFor(call, Date.now()), sender: randomUUID() };
  const compacting = isCompaction ? { compacting: { transcript, window: input } } : {};
  return { ...attempt, ...compacting, acceptance: 'not-accepted' };
}

/** Runs the call and writes down how it ended, before anyone is told. */
async function finish(attempt: RunningAttempt, call: (options: CallOptions) => Promise<ModelAnswer>): Promise<InvokeModelResult> {
  const { key, signal } = attempt;
  const progress = {
    onSending: () => claim(attempt),
    onResponseId: (id: string) => submit(attempt, id),
    onEvent: () => attempt.ticket?.firstEvent(),
  };
  try {
    const answer = await call({ signal, progress });
    const state = await complete(attempt, answer);
    await attempt.ticket?.end({ kind: 'answered', usage: answer.usage, ...hintOf(answer) });
    return await toTurnAnswer(attempt, { key, answer: state, served: attempt.call.served });
  } catch (error) {
    if (signal.aborted) return await stop(attempt);
    if (error instanceof ModelFailureError) return await fail(attempt, error.failure, hintOf(error));
    throw error;
  } finally {
    // After all of the above: an end that was told stays, and what is left says nothing of the cloud.
    await attempt.ticket?.end({ kind: 'abandoned' });
  }
}

/** Of two workers that hold the same attempt, one sends: the other was thought dead, or will find what this one leaves. */
async function claim(attempt: RunningAttempt): Promise<void> {
  const { store, key, sender } = attempt;
  // A session that another worker named, and that turns out not to have had its input.
  if (attempt.acceptance === 'accepted') return;
  const { state } = await store.updateAttempt(key, { kind: 'sending', sender });
  if (state.kind !== 'sending' || state.sender !== sender) {
    throw ApplicationFailure.retryable('another worker is sending this attempt', 'AttemptTaken');
  }
  attempt.acceptance = 'unknown';
}

/** What the cloud said is left of its limits. */
type RateLimitHint = Pick<ModelAnswer, 'rateLimit'>;

function hintOf({ rateLimit }: RateLimitHint): RateLimitHint {
  return rateLimit === undefined ? {} : { rateLimit };
}

async function submit(attempt: RunningAttempt, responseId: string): Promise<void> {
  attempt.acceptance = 'accepted';
  attempt.responseId = responseId;
  const { background } = attempt.call;
  await attempt.store.updateAttempt(attempt.key, { kind: 'submitted', responseId, background });
}

/** The first answer stays: a worker that was thought dead may have been faster. */
async function complete(attempt: RunningAttempt, answer: ModelAnswer): Promise<StoredAnswer> {
  const { store, key, call, head, compacting } = attempt;
  const items = await store.putItems(key.taskId, withUniqueCallIds(answer.items));
  const stored: StoredAnswer = {
    head:
      compacting === undefined
        ? await store.appendToTranscript(key.taskId, head, items)
        : await keepCompacted(store, key.taskId, { ...compacting, answer: answer.items }),
    items,
    usage: answer.usage,
    costUsdMicros: costUsdMicros(answer.usage, priceAt(call.served.prices, Date.now())),
    ...(answer.incomplete === undefined ? {} : { incomplete: answer.incomplete }),
  };
  const { state } = await store.updateAttempt(key, { kind: 'completed', answer: stored });
  return state.kind === 'completed' ? state.answer : stored;
}

/** The loop counts what is in suspense against the task's budget, so the failure says how much that is. */
async function fail(attempt: RunningAttempt, failure: ModelFailure, hint: RateLimitHint = {}): Promise<never> {
  const { store, key, reserve, ticket } = attempt;
  const isFree = failure.acceptance === 'not-accepted';
  try {
    return await endFailed(store, key, isFree ? failure : { ...failure, suspenseUsdMicros: reserve.usdMicros });
  } finally {
    await ticket?.end({ kind: 'failed', failure, ...hint });
  }
}

async function endFailed(store: TaskStore, key: AttemptKey, failure: ModelFailure): Promise<never> {
  const { state } = await store.updateAttempt(key, { kind: 'failed', failure });
  throw new ModelFailureError(state.kind === 'failed' ? state.failure : failure);
}

/**
 * A cancelled task stops the cloud's work too. A worker that shuts down, or an operator's pause or reset, is no cancel: the
 * journal stays as it is, and the next try of this activity goes on from it.
 */
async function stop({ store, key, call, responseId, acceptance }: RunningAttempt): Promise<never> {
  if (!isTaskCancelled()) {
    const message = 'the call was stopped without a cancel: the next try goes on from its journal';
    throw ApplicationFailure.create({ type: 'WorkerStopped', message, nextRetryDelay: SOON });
  }
  if (responseId !== undefined) await stopResponse(call, responseId);
  await store.updateAttempt(key, { kind: 'cancelled', acceptance, ...(responseId === undefined ? {} : { responseId }) });
  await cancelConfirmed();
  throw taskCancelled();
}
