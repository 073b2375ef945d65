/**
 * One interface for every cloud. An adapter sends one request, once, and either gives a whole answer or throws a
 * `ModelFailureError`; it never retries, never decides where to go next, and knows nothing of Temporal.
 */
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import { describeFailure } from '../../workflows/domain/model-failure.ts';
import type { OutputSchema } from '../../workflows/domain/output-schema.ts';
import type { ToolDefinition } from '../../workflows/domain/tool-call.ts';
import type { TranscriptItem } from '../../workflows/domain/transcript.ts';
import type { Usage } from '../../workflows/domain/usage.ts';

export interface ModelRequest {
  /** The model's name at this endpoint: a deployment name, an inference profile, … */
  readonly wireModel: string;
  readonly instructions: string;
  /** Already handed over to this deployment's boundary: see `domain/handoff.ts`. */
  readonly items: readonly TranscriptItem[];
  readonly tools: readonly ToolDefinition[];
  /** The deployment takes custom (freeform) tools; otherwise they are rendered as functions with one `input` string. */
  readonly customTools: boolean;
  /** The patch tool is offered as the one that the Responses API has built in: an operation on one file per call. */
  readonly builtInPatch: boolean;
  /** The deployment takes pictures. */
  readonly vision: boolean;
  /** Ask for reasoning that can be replayed at the same boundary. */
  readonly encryptedReasoning: boolean;
  /** Generate on the cloud's side even when the connection is lost, so that `reattach` can pick the answer up. */
  readonly background: boolean;
  /** Stable for the task, so that the cloud's prompt cache is hit. */
  readonly promptCacheKey: string;
  /** For reconciliation on the cloud's side: task, turn, attempt. At most 16 pairs. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly maxOutputTokens?: number;
  /** The deployment is held to it, where it can be; present only where it can. */
  readonly outputSchema?: OutputSchema;
  /** Where reasoning made by this answer will be valid; written into its items. */
  readonly boundary: string;
}

/** What the cloud says is left of our quota per minute, for admission; a field that it did not tell is absent. */
export interface RateLimit {
  readonly requestsRemaining?: number;
  readonly tokensRemaining?: number;
  /** Until the quota is whole again, from the moment of the answer. */
  readonly requestsResetMs?: number;
  readonly tokensResetMs?: number;
}

export interface ModelAnswer {
  readonly responseId: string;
  readonly items: readonly TranscriptItem[];
  readonly usage: Usage;
  readonly incomplete?: 'max-output-tokens' | 'content-filter';
  readonly rateLimit?: RateLimit;
}

/** What the adapter tells while an answer is on its way. */
export interface AnswerProgress {
  /** The request is about to leave, credentials and all. Awaited; what it throws keeps the request from being sent. */
  onSending(): Promise<void>;
  /** The cloud named its response: the attempt is accepted from here on. Awaited before more is read. */
  onResponseId(responseId: string): Promise<void>;
  /** An event arrived; `sequence` is its number within the response. */
  onEvent(sequence: number): void;
}

export interface CallOptions {
  readonly signal: AbortSignal;
  readonly progress: AnswerProgress;
}

export interface PickUpOptions extends CallOptions {
  /** Number of the last event that was seen; without it the response is streamed from its beginning. */
  readonly after?: number;
}

export interface CloudClient {
  /** Streams from the cloud and requires the terminal event. @throws ModelFailureError */
  invoke(request: ModelRequest, options: CallOptions): Promise<ModelAnswer>;
  /**
   * Picks up a background response at the endpoint that made it: the rest of its stream, or the whole of it by polling where the
   * cloud does not stream it or the rest does not carry the answer.
   * @throws ModelFailureError, `not-found` when the cloud no longer has it
   */
  reattach(responseId: string, request: ModelRequest, options: PickUpOptions): Promise<ModelAnswer>;
  /** Stops a background response; one that has already ended is left as it is. @throws ModelFailureError */
  cancel(responseId: string): Promise<void>;
}

interface ModelFailureErrorOptions extends ErrorOptions {
  readonly rateLimit?: RateLimit | undefined;
}

/** The one error an adapter throws on purpose. The cloud's message is not part of it: it may quote the request. */
export class ModelFailureError extends Error {
  readonly failure: ModelFailure;
  /** Beside the failure, not within it: it is of the moment, and no business of a history. */
  readonly rateLimit?: RateLimit;

  constructor(failure: ModelFailure, { rateLimit, ...options }: ModelFailureErrorOptions = {}) {
    super(describeFailure(failure), options);
    this.name = 'ModelFailureError';
    this.failure = failure;
    if (rateLimit !== undefined) this.rateLimit = rateLimit;
  }
}

/** How an endpoint is reached: resolved configuration with the secrets read, never logged or stored. */
export type EndpointConnection =
  | { readonly cloud: 'openai'; readonly baseUrl?: string; readonly apiKey: string }
  | { readonly cloud: 'azure'; readonly baseUrl: string; readonly credential: AzureCredential }
  | {
      readonly cloud: 'aws';
      readonly surface: 'bedrock-mantle' | 'bedrock-runtime';
      readonly region: string;
      readonly baseUrl?: string;
      readonly credential: AwsCredential;
    }
  | {
      readonly cloud: 'google';
      readonly project: string;
      readonly location: string;
      readonly baseUrl?: string;
      readonly credential: GoogleCredential;
    };

export type AzureCredential =
  | { readonly kind: 'api-key'; readonly apiKey: string }
  | { readonly kind: 'bearer-token'; readonly token: string };
export type AwsCredential =
  | { readonly kind: 'bearer-token'; readonly token: string }
  | {
      readonly kind: 'access-key';
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly sessionToken?: string;
    }
  | { readonly kind: 'profile'; readonly profile: string }
  /** The usual chain of the AWS SDKs: environment, shared files, container, instance. */
  | { readonly kind: 'default-chain' };
export type GoogleCredential =
  | { readonly kind: 'access-token'; readonly token: string }
  /** Application default credentials. */
  | { readonly kind: 'default' };
