import { describe, expect, test } from 'vitest';
import { AWS_FAILURE } from '../../activities/clouds/aws/failure.ts';
import { AWS_RESPONSE } from '../../activities/clouds/aws/response.ts';
import { AZURE_FAILURE } from '../../activities/clouds/azure/failure.ts';
import { AZURE_RESPONSE } from '../../activities/clouds/azure/response.ts';
import { GOOGLE_FAILURE } from '../../activities/clouds/google/failure.ts';
import { GOOGLE_RESPONSE } from '../../activities/clouds/google/response.ts';
import { OPENAI_FAILURE } from '../../activities/clouds/openai/failure.ts';
import { OPENAI_RESPONSE } from '../../activities/clouds/openai/response.ts';
import { acceptanceOf, classifyRefusal } from '../../activities/clouds/responses-api/failure-rules.ts';
import { readRefusal, toCode } from '../../activities/clouds/responses-api/read-refusal.ts';
import { readRetryAfterMs } from '../../activities/clouds/responses-api/retry-after.ts';

const CLOUDS = {
  openai: { failure: OPENAI_FAILURE, response: OPENAI_RESPONSE },
  azure: { failure: AZURE_FAILURE, response: AZURE_RESPONSE },
  aws: { failure: AWS_FAILURE, response: AWS_RESPONSE },
  google: { failure: GOOGLE_FAILURE, response: GOOGLE_RESPONSE },
};

interface Sent {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

function classify(cloud: keyof typeof CLOUDS, { status, body = '', headers = {} }: Sent) {
  const { failure, response } = CLOUDS[cloud];
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const refusal = readRefusal({ status, headers: new Headers(headers), body: text }, response);
  const rule = classifyRefusal(refusal, failure);
  return { ...rule, code: refusal.names[0], acceptance: acceptanceOf(rule.kind, status), refusal };
}

const openAIError = (code: string | null, type: string | null = null) => ({
  error: { message: 'm', code, type, param: null },
});
const googleError = (code: number, status: string) => ({ error: { code, status, message: 'm' } });

test.each([
  ['openai', 429, openAIError('rate_limit_exceeded', 'tokens'), 'rate-limited', 'deployment'],
  ['openai', 429, openAIError(null, 'insufficient_quota'), 'quota-exhausted', 'account'],
  ['openai', 429, openAIError('credit_balance_exhausted', 'insufficient_quota'), 'quota-exhausted', 'account'],
  ['openai', 503, openAIError('slow_down', 'rate_limit_error'), 'rate-limited', 'deployment'],
  ['openai', 500, openAIError('server_is_overloaded', 'service_unavailable_error'), 'overloaded', 'deployment'],
  ['openai', 400, openAIError('context_length_exceeded', 'invalid_request_error'), 'context-overflow', 'request'],
  ['openai', 400, openAIError('invalid_encrypted_content'), 'invalid-transcript', 'transcript'],
  ['openai', 400, openAIError('invalid_prompt'), 'content-filtered', 'request'],
  ['openai', 400, openAIError('unsupported_parameter', 'invalid_request_error'), 'unsupported', 'deployment'],
  ['openai', 400, openAIError(null, 'invalid_request_error'), 'invalid-request', 'request'],
  ['openai', 401, openAIError('invalid_api_key'), 'authentication', 'credential'],
  ['openai', 403, openAIError('unsupported_country_region_territory'), 'authentication', 'credential'],
  ['openai', 404, openAIError('model_not_found'), 'not-found', 'deployment'],
  ['openai', 400, openAIError('constructor'), 'invalid-request', 'request'],
  ['openai', 502, '<html>Bad gateway</html>', 'unavailable', 'deployment'],
  ['azure', 400, { error: { code: 'x', innererror: { code: 'ResponsibleAIPolicyViolation' } } }, 'content-filtered', 'request'],
  ['azure', 400, openAIError('content_filter', 'invalid_request_error'), 'content-filtered', 'request'],
  ['azure', 404, { error: { code: 'DeploymentNotFound', message: 'm' } }, 'not-found', 'deployment'],
  ['azure', 401, { error: { code: '401', message: 'Access denied' } }, 'authentication', 'credential'],
  ['azure', 429, { error: { code: '429', message: 'Rate limit is exceeded.' } }, 'rate-limited', 'deployment'],
  ['azure', 429, { error: { code: '429', message: 'The system is experiencing high demand.' } }, 'overloaded', 'deployment'],
  ['aws', 529, { error: { type: 'overloaded_error', message: 'm' } }, 'overloaded', 'deployment'],
  ['aws', 400, openAIError('validation_error', 'invalid_request_error'), 'invalid-request', 'request'],
  ['aws', 400, { error: { message: "model `x` isn't supported on this route" } }, 'unsupported', 'deployment'],
  ['aws', 400, { __type: 'com.amazon#ServiceQuotaExceededException', message: 'm' }, 'quota-exhausted', 'account'],
  ['aws', 424, { message: 'm' }, 'unavailable', 'deployment'],
  ['google', 429, googleError(429, 'RESOURCE_EXHAUSTED'), 'rate-limited', 'deployment'],
  ['google', 429, [googleError(429, 'RESOURCE_EXHAUSTED')], 'rate-limited', 'deployment'],
  ['google', 400, googleError(400, 'FAILED_PRECONDITION'), 'authentication', 'account'],
  ['google', 400, googleError(400, 'INVALID_ARGUMENT'), 'invalid-request', 'request'],
  ['google', 503, googleError(503, 'UNAVAILABLE'), 'overloaded', 'deployment'],
  ['google', 504, googleError(504, 'DEADLINE_EXCEEDED'), 'timeout', 'deployment'],
] as const)('%s %i %j is %s of the %s', (...[cloud, status, body, kind, scope]) => {
  expect(classify(cloud, { status, body })).toMatchObject({ kind, scope });
});

test('a name in an AWS header counts when the body has none', () => {
  const headers = {
    'x-amzn-errortype': 'ThrottlingException:http://internal.amazon.com/',
    'x-amzn-requestid': 'id-1',
  };

  const { kind, code, refusal } = classify('aws', {
    status: 400,
    body: { message: 'slow' },
    headers,
  });

  expect([kind, code, refusal.requestId]).toEqual(['rate-limited', 'ThrottlingException', 'id-1']);
});

test('a 429 that shall not be retried is about billing', () => {
  expect(classify('openai', { status: 429, headers: { 'x-should-retry': 'false' } }).kind).toBe('quota-exhausted');
});

test.each([
  [400, 'not-accepted'],
  [401, 'not-accepted'],
  [404, 'not-accepted'],
  [408, 'unknown'],
  [429, 'not-accepted'],
  [500, 'unknown'],
  [502, 'unknown'],
  [503, 'not-accepted'],
  [504, 'unknown'],
  [529, 'not-accepted'],
])('a bare %i was %s', (status, acceptance) => {
  expect(classify('openai', { status }).acceptance).toBe(acceptance);
});

test('a code is one printable line of at most 80 characters', () => {
  expect(toCode(`a\u001b[31m\nb${'c'.repeat(200)}`)).toMatch(/^[ -~]{80}$/);
});

describe('the wait a cloud asks for', () => {
  const now = Date.parse('2026-11-24T00:00:00Z');
  const retryInfo = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1.5s' }];

  test.each([
    [{ 'retry-after-ms': '1234', 'retry-after': '9' }, 1234],
    [{ 'retry-after': '3' }, 3000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': 'Tue, 24 Nov 2026 00:00:05 GMT' }, 5000],
    [{ 'retry-after': 'Mon, 23 Nov 2026 00:00:00 GMT' }, 0],
    [{ 'x-amz-retry-after': '250' }, 250],
    [{ 'retry-after': 'soon' }, 1500],
    [{ 'retry-after': '9'.repeat(400) }, 86_400_000],
    [{}, 1500],
  ])('%j is %i ms', (headers, expected) => {
    expect(readRetryAfterMs(new Headers(headers as Record<string, string>), retryInfo, now)).toBe(expected);
  });

  test('is unknown when nothing says it', () => {
    expect(readRetryAfterMs(new Headers({ 'retry-after': '-3' }), 'none', now)).toBeUndefined();
  });
});
