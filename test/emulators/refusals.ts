/**
 * How each cloud words what it refuses. The gateways have shapes of their own; what the model's API refuses comes in OpenAI's
 * shape everywhere. Facts as of 2026-11; none of them was seen live, so adapters must not lean on a message alone.
 */
import type { EmulatedEndpoint } from './emulated-endpoints.ts';

type Cloud = EmulatedEndpoint['cloud'];

export const REASONS = [
  'rate-limited',
  'no-capacity',
  'provisioned-throughput',
  'quota-exhausted',
  'billing',
  'server-error',
  'bad-gateway',
  'unavailable',
  'gateway-timeout',
  'overloaded',
  'unauthenticated',
  'expired-credential',
  'forbidden',
  'no-deployment',
  'not-found',
  'request-timeout',
  'conflict',
  'foreign-reasoning',
  'context-length',
  'unsupported-parameter',
  'unsupported-here',
  'content-filter',
  'invalid-request',
] as const;
export type Reason = (typeof REASONS)[number];

/** A body that is text is a page of a gateway. */
export interface WireRefusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object | string;
}

interface Words {
  readonly message: string;
  readonly param?: string | undefined;
}
type Writer = (words: Words) => WireRefusal;
type ByCloud = Readonly<Record<Cloud, Writer>>;

const openAi =
  (status: number, code: string | null, type = 'invalid_request_error'): Writer =>
  ({ message, param }) => ({ status, body: { error: { message, type, param: param ?? null, code } } });

/** Azure's gateway knows no `type`, and writes some statuses as a code in text. */
const azure =
  (status: number, code = String(status)): Writer =>
  ({ message }) => ({ status, body: { error: { code, message } } });

/** AWS's front door names the exception in a header. */
const aws =
  (status: number, exception: string): Writer =>
  ({ message }) => ({ status, headers: { 'x-amzn-errortype': exception }, body: { message } });

const google =
  (status: number, canonical: string): Writer =>
  ({ message }) => ({ status, body: { error: { code: status, message, status: canonical } } });

const page =
  (status: number): Writer =>
  ({ message }) => ({ status, headers: { 'content-type': 'text/html' }, body: `<html><body><h1>${message}</h1></body></html>` });

const everywhere = (writer: Writer): ByCloud => ({ openai: writer, azure: writer, aws: writer, google: writer });

const azureContentFilter: Writer = ({ message }) => ({
  status: 400,
  body: {
    error: {
      message,
      type: 'invalid_request_error',
      param: 'prompt',
      code: 'content_filter',
      content_filters: [
        {
          blocked: true,
          source_type: 'prompt',
          content_filter_results: { jailbreak: { detected: true, filtered: true }, hate: { filtered: false, severity: 'safe' } },
        },
      ],
    },
  },
});

const BODIES: Readonly<Record<Reason, ByCloud>> = {
  'rate-limited': {
    openai: openAi(429, 'rate_limit_exceeded', 'tokens'),
    azure: azure(429),
    aws: aws(429, 'ThrottlingException'),
    google: google(429, 'RESOURCE_EXHAUSTED'),
  },
  'no-capacity': {
    openai: openAi(503, 'server_is_overloaded', 'service_unavailable_error'),
    azure: azure(429),
    aws: aws(503, 'ServiceUnavailableException'),
    google: google(503, 'UNAVAILABLE'),
  },
  'provisioned-throughput': everywhere(azure(429)),
  'quota-exhausted': {
    openai: openAi(429, 'credit_balance_exhausted', 'insufficient_quota'),
    azure: openAi(429, 'insufficient_quota', 'insufficient_quota'),
    aws: aws(400, 'ServiceQuotaExceededException'),
    // Google has one name for a quota per minute and one that is gone.
    google: google(429, 'RESOURCE_EXHAUSTED'),
  },
  billing: {
    openai: openAi(402, 'billing_not_active', 'insufficient_quota'),
    azure: azure(402),
    aws: aws(402, 'ServiceQuotaExceededException'),
    google: page(402),
  },
  'server-error': {
    openai: openAi(500, 'server_error', 'server_error'),
    azure: openAi(500, 'server_error', 'server_error'),
    aws: aws(500, 'InternalServerException'),
    google: google(500, 'INTERNAL'),
  },
  'bad-gateway': everywhere(page(502)),
  unavailable: {
    openai: openAi(503, 'server_is_overloaded', 'service_unavailable_error'),
    azure: azure(503),
    aws: aws(503, 'ServiceUnavailableException'),
    google: google(503, 'UNAVAILABLE'),
  },
  'gateway-timeout': {
    openai: page(504),
    azure: azure(504),
    aws: aws(504, 'GatewayTimeoutException'),
    google: google(504, 'DEADLINE_EXCEEDED'),
  },
  overloaded: everywhere(openAi(529, null, 'overloaded_error')),
  unauthenticated: {
    openai: openAi(401, 'invalid_api_key'),
    azure: azure(401),
    aws: aws(403, 'UnrecognizedClientException'),
    google: google(401, 'UNAUTHENTICATED'),
  },
  'expired-credential': {
    openai: openAi(401, 'invalid_api_key'),
    azure: azure(401),
    aws: aws(403, 'ExpiredTokenException'),
    google: google(401, 'UNAUTHENTICATED'),
  },
  forbidden: {
    openai: openAi(403, 'unsupported_country_region_territory', 'request_forbidden'),
    azure: azure(403),
    aws: aws(403, 'AccessDeniedException'),
    google: google(403, 'PERMISSION_DENIED'),
  },
  'no-deployment': {
    openai: openAi(404, 'model_not_found'),
    azure: azure(404, 'DeploymentNotFound'),
    aws: openAi(404, 'model_not_found'),
    google: google(404, 'NOT_FOUND'),
  },
  'not-found': {
    openai: openAi(404, null),
    azure: azure(404),
    aws: openAi(404, null),
    google: google(404, 'NOT_FOUND'),
  },
  'request-timeout': {
    openai: openAi(408, 'request_timeout', 'server_error'),
    azure: azure(408, 'Timeout'),
    aws: aws(408, 'ModelTimeoutException'),
    google: google(408, 'DEADLINE_EXCEEDED'),
  },
  conflict: {
    openai: openAi(409, null),
    azure: azure(409, 'Conflict'),
    aws: aws(409, 'ConflictException'),
    google: google(409, 'ABORTED'),
  },
  'foreign-reasoning': everywhere(openAi(400, 'invalid_encrypted_content')),
  'context-length': everywhere(openAi(400, 'context_length_exceeded')),
  'unsupported-parameter': everywhere(openAi(400, 'unsupported_parameter')),
  'unsupported-here': {
    openai: openAi(400, 'unsupported_parameter'),
    azure: openAi(400, 'unsupported_parameter'),
    aws: aws(400, 'ValidationException'),
    google: google(400, 'INVALID_ARGUMENT'),
  },
  'content-filter': {
    openai: openAi(400, 'invalid_prompt'),
    azure: azureContentFilter,
    aws: openAi(400, 'content_filter'),
    google: openAi(400, 'content_filter'),
  },
  'invalid-request': {
    openai: openAi(400, null),
    azure: openAi(400, null),
    aws: openAi(400, 'validation_error'),
    google: google(400, 'INVALID_ARGUMENT'),
  },
};

const MESSAGES: Readonly<Record<Reason, string>> = {
  'rate-limited': 'Rate limit is exceeded. Please try again later.',
  'no-capacity': 'The system is experiencing high demand and is temporarily unable to process your request.',
  'provisioned-throughput': 'The provisioned-managed deployment is at its capacity: requests have exceeded its call rate limit.',
  'quota-exhausted': 'You exceeded your current quota, please check your plan and billing details.',
  billing: 'The account is not active, please check its billing details.',
  'server-error': 'The server had an error while processing your request.',
  'bad-gateway': '502 Bad Gateway',
  unavailable: 'The service is unavailable.',
  'gateway-timeout': '504 Gateway Timeout',
  overloaded: 'Overloaded',
  unauthenticated: 'The credentials are missing or wrong.',
  'expired-credential': 'The token has expired.',
  forbidden: 'Access is denied by a rule of the account, its network or its country.',
  'no-deployment': 'The model or deployment does not exist or you do not have access to it.',
  'not-found': 'Not found.',
  'request-timeout': 'The request took too long.',
  conflict: 'Another request holds the lock.',
  'foreign-reasoning': 'The encrypted content could not be verified.',
  'context-length': 'Your input exceeds the context window of this model.',
  'unsupported-parameter': 'This parameter is not supported with this model.',
  'unsupported-here': 'This feature is not supported here.',
  'content-filter': "The response was filtered due to the prompt triggering the provider's content management policy.",
  'invalid-request': 'The request is not valid.',
};

export interface Refusal {
  readonly reason: Reason;
  /** Instead of the usual words. */
  readonly message?: string;
  readonly param?: string;
}

/** As this cloud writes it. */
export function toWire(cloud: Cloud, { reason, message = MESSAGES[reason], param }: Refusal): WireRefusal {
  return BODIES[reason][cloud]({ message, param });
}

const STATUS_REASONS: Readonly<Record<number, Reason>> = {
  400: 'invalid-request',
  401: 'unauthenticated',
  402: 'billing',
  403: 'forbidden',
  404: 'no-deployment',
  408: 'request-timeout',
  409: 'conflict',
  429: 'rate-limited',
  500: 'server-error',
  502: 'bad-gateway',
  503: 'unavailable',
  504: 'gateway-timeout',
  529: 'overloaded',
};

/** What a cloud usually means by a status. */
export function usualReason(status: number): Reason {
  return STATUS_REASONS[status] ?? (status < 500 ? 'invalid-request' : 'server-error');
}
