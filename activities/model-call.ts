/** One request to one deployment, from the task's transcript to the cloud's whole answer. Knows nothing of Temporal. */
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { handOver } from '../workflows/domain/handoff.ts';
import type { OutputSchema } from '../workflows/domain/output-schema.ts';
import type { ToolDefinition } from '../workflows/domain/tool-call.ts';
import type { TranscriptItem } from '../workflows/domain/transcript.ts';
import type { AnswerProgress, CallOptions, ModelAnswer, ModelRequest, PickUpOptions } from './clouds/cloud-client.ts';
import { ModelFailureError } from './clouds/cloud-client.ts';
import type { ServedDeployment } from './served-deployment.ts';
import type { AttemptKey, TaskSettings } from './store/task-store.ts';

export interface ModelCall {
  readonly key: AttemptKey;
  readonly served: ServedDeployment;
  /** Generate in the cloud's background mode. */
  readonly background: boolean;
  readonly settings: TaskSettings;
  readonly tools: readonly ToolDefinition[];
  /** Of the answer to this very call; a summary has none. */
  readonly outputSchema?: OutputSchema;
  readonly transcript: readonly TranscriptItem[];
}

/**
 * A background response outlives its connection: it is picked up again this often before the attempt counts as lost. Three
 * tries a second apart outlast a load balancer's restart.
 */
export const PICK_UPS = 3;
export const PICK_UP_PAUSE_MS = 1_000;

/** Sends the request, once. A background response whose stream breaks is picked up again. @throws ModelFailureError */
export async function callModel(call: ModelCall, options: CallOptions): Promise<ModelAnswer> {
  const { client, sessions } = call.served;
  if (sessions !== undefined) return sessions.call(call, options);
  const seen: { responseId?: string; sequence?: number } = {};
  const progress: AnswerProgress = {
    ...options.progress,
    onEvent(sequence) {
      seen.sequence = sequence;
      options.progress.onEvent(sequence);
    },
    async onResponseId(responseId) {
      seen.responseId = responseId;
      await options.progress.onResponseId(responseId);
    },
  };
  const request = toModelRequest(call);
  try {
    return await client.invoke(request, { signal: options.signal, progress });
  } catch (error) {
    if (!request.background || seen.responseId === undefined || !isBreak(error)) throw error;
    return pickUp(call, seen.responseId, { ...options, ...(seen.sequence === undefined ? {} : { after: seen.sequence }) });
  }
}

/**
 * Gets the answer of a background response that was begun before, after the event that was seen last, or from its beginning when
 * another process saw it. @throws ModelFailureError
 */
export async function pickUp(call: ModelCall, responseId: string, options: PickUpOptions): Promise<ModelAnswer> {
  const { client, sessions } = call.served;
  // What the session was told is on record, and so the same call asks what became of it.
  if (sessions !== undefined) return sessions.call(call, options);
  const request = toModelRequest(call);
  for (let tries = 1; ; tries += 1) {
    try {
      return await client.reattach(responseId, request, options);
    } catch (error) {
      if (!isBreak(error)) throw error;
      if (tries === PICK_UPS) {
        // The task goes on elsewhere: what nobody will read should not be generated to its end.
        await stopResponse(call, responseId);
        // Whatever became of the last try to read it, the response itself had been taken.
        throw new ModelFailureError({ ...error.failure, acceptance: 'accepted', responseId }, { cause: error });
      }
      await pause(PICK_UP_PAUSE_MS, undefined, { signal: options.signal });
    }
  }
}

/** Stops a background response as far as that can be done; its endpoint may be the very thing that is down. */
export async function stopResponse(call: ModelCall, responseId: string): Promise<void> {
  const { served, background } = call;
  if (served.sessions !== undefined) return served.sessions.stop(call);
  if (!background) return;
  try {
    await served.client.cancel(responseId);
  } catch (error) {
    if (!(error instanceof ModelFailureError)) throw error;
  }
}

/** The connection broke or stalled; the response itself may be well, unless it was its end that was told. */
export function isBreak(error: unknown): error is ModelFailureError {
  if (!(error instanceof ModelFailureError)) return false;
  const { kind, phase } = error.failure;
  if (phase === 'terminal') return false;
  return kind === 'unavailable' || kind === 'timeout' || kind === 'protocol' || kind === 'overloaded';
}

function toModelRequest({ key, served, background, settings, tools, transcript, outputSchema }: ModelCall): ModelRequest {
  const { deployment, wireModel } = served;
  const { maxOutputTokens } = settings;
  const customTools = deployment.capabilities.includes('custom-tools');
  return {
    wireModel,
    background,
    tools,
    instructions: settings.instructions,
    items: handOver(transcript, deployment.boundary).items,
    customTools,
    // Whole patches are better where they can be said: all or nothing, and with moves.
    builtInPatch: !customTools && deployment.capabilities.includes('apply-patch'),
    vision: deployment.capabilities.includes('vision'),
    encryptedReasoning: deployment.capabilities.includes('encrypted-reasoning'),
    // Clouds route by a hash of it and limit its length.
    promptCacheKey: createHash('sha256').update(key.taskId).digest('base64url').slice(0, 32),
    metadata: { task: key.taskId, turn: String(key.turn), attempt: String(key.attempt) },
    boundary: deployment.boundary,
    ...(outputSchema !== undefined && deployment.capabilities.includes('structured-output') ? { outputSchema } : {}),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
  };
}
