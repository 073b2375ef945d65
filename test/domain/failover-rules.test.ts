import { describe, expect, test } from 'vitest';
import { NOT_POLLED_CODE, classOf, FAILURE_CLASSES } from '../../workflows/domain/failure-class.ts';
import type { FailureClass } from '../../workflows/domain/failure-class.ts';
import { decideNext } from '../../workflows/domain/failover.ts';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import type { Cloud, Deployment, Route } from '../../workflows/domain/route.ts';
import { aDeployment, aFailure } from '../support/builders.ts';
import type { Happening, Surface } from './cloud-failures.ts';
import {
  brokenStream,
  connectionError,
  emptyAnswer,
  errorEvent,
  refused,
  silence,
  streamCut,
  SURFACES,
  withoutCredentials,
} from './cloud-failures.ts';
import { aDecisionInput, failedAt, shorthand } from './decision-scene.ts';

const CLOUD_OF = {
  openai: 'openai',
  azure: 'azure',
  'aws-mantle': 'aws',
  'aws-runtime': 'aws',
  google: 'google',
} as const satisfies Record<Surface, Cloud>;

type Forms = Partial<Record<Surface, Happening>>;

const onAll = (happening: Happening): Forms => Object.fromEntries(SURFACES.map((surface) => [surface, happening]));
/** Our own failures are no cloud's. */
const ours = (overrides: Partial<ModelFailure>): Forms => onAll(() => aFailure(overrides));
const openAi = (code: string | null, type: string | null = null) => ({ error: { message: 'm', type, code, param: null } });
const gateway = (code: string) => ({ error: { code, message: 'm' } });
const google = (code: number, status: string, details: unknown[] = []) => ({ error: { code, status, message: 'm', details } });
const amazon = (name: string) => ({ 'x-amzn-errortype': `${name}:http://internal.amazon.com/` });
const onAws = (happening: Happening): Forms => ({ 'aws-mantle': happening, 'aws-runtime': happening });

/** The row, what comes over the wire, the next step with two others (one of the same cloud) to go to, and with none. */
interface Row {
  readonly row: FailureClass;
  readonly what: string;
  readonly forms: Forms;
  readonly next: string;
  readonly alone: string;
}

/** `chance` is 0.5, so a pause of our own is 5/8 of the row's, and 50 ms are added to one that is asked for. */
const ROWS: readonly Row[] = [
  {
    row: 'unreachable',
    what: 'no such host',
    forms: onAll(connectionError('ENOTFOUND', 'getaddrinfo')),
    next: 'retry after 125',
    alone: 'retry after 125',
  },
  {
    row: 'unreachable',
    what: 'connection refused',
    forms: onAll(connectionError('ECONNREFUSED')),
    next: 'retry after 125',
    alone: 'retry after 125',
  },
  {
    row: 'unreachable',
    what: 'connection timed out',
    forms: onAll(connectionError('UND_ERR_CONNECT_TIMEOUT')),
    next: 'retry after 125',
    alone: 'retry after 125',
  },
  {
    row: 'unreachable',
    what: 'bad certificate',
    forms: onAll(connectionError('CERT_HAS_EXPIRED', 'x')),
    next: 'retry after 125',
    alone: 'retry after 125',
  },
  {
    row: 'lost-after-send',
    what: 'reset after sending',
    forms: onAll(connectionError('ECONNRESET', 'read')),
    next: '-> other',
    alone: 'park',
  },
  { row: 'lost-after-send', what: 'silence before headers', forms: onAll(silence('sent')), next: '-> sibling', alone: 'park' },
  { row: 'slow-first-event', what: 'headers, then silence', forms: onAll(silence('headers')), next: '-> sibling', alone: 'park' },
  {
    row: 'rate-limited',
    what: '429 with Retry-After: 2',
    forms: {
      openai: refused(429, openAi('rate_limit_exceeded', 'tokens'), { 'retry-after': '2' }),
      azure: refused(429, gateway('429'), { 'retry-after-ms': '2000' }),
      ...onAws(refused(429, openAi('rate_limit_exceeded'), { 'retry-after': '2' })),
      google: refused(
        429,
        google(429, 'RESOURCE_EXHAUSTED', [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2s' }]),
      ),
    },
    next: 'wait 2050',
    alone: 'wait 2050',
  },
  {
    row: 'rate-limited',
    what: '429 without a hint',
    forms: {
      openai: refused(429, openAi('rate_limit_exceeded')),
      azure: refused(429, gateway('429')),
      ...onAws(refused(400, { message: 'm' }, amazon('ThrottlingException'))),
      google: refused(429, google(429, 'RESOURCE_EXHAUSTED')),
    },
    next: 'wait 625',
    alone: 'wait 625',
  },
  {
    row: 'rate-limited',
    what: '429 with a pause shorter than ours',
    forms: onAll(refused(429, '', { 'retry-after-ms': '100' })),
    next: 'wait 625',
    alone: 'wait 625',
  },
  {
    row: 'rate-limited',
    what: '429 with Retry-After: 0',
    forms: onAll(refused(429, '', { 'retry-after': '0' })),
    next: 'wait 625',
    alone: 'wait 625',
  },
  {
    row: 'rate-limited',
    what: '429 with Retry-After: 30, nothing cached',
    forms: onAll(refused(429, '', { 'retry-after': '30' })),
    next: '-> sibling',
    alone: 'wait 30050',
  },
  {
    row: 'rate-limited',
    what: '429 with Retry-After beyond the deadline',
    forms: onAll(refused(429, '', { 'retry-after': '86400' })),
    next: '-> sibling',
    alone: 'give-up',
  },
  {
    row: 'quota-exhausted',
    what: 'nothing left to spend',
    forms: {
      ...onAll(refused(402, '')),
      openai: refused(429, openAi(null, 'insufficient_quota')),
      azure: refused(429, openAi('insufficient_quota')),
      'aws-runtime': refused(400, { message: 'm' }, amazon('ServiceQuotaExceededException')),
    },
    next: '-> other',
    alone: 'park',
  },
  {
    row: 'quota-exhausted',
    what: '429 that shall not be retried',
    forms: onAll(refused(429, '', { 'x-should-retry': 'false' })),
    next: '-> other',
    alone: 'park',
  },
  {
    row: 'overloaded',
    what: '503 or its like',
    forms: {
      openai: refused(503, openAi('server_is_overloaded', 'service_unavailable_error')),
      azure: refused(429, { error: { code: '429', message: 'The system is experiencing high demand.' } }),
      'aws-mantle': refused(529, openAi(null, 'overloaded_error')),
      'aws-runtime': refused(503, { message: 'm' }, amazon('ServiceUnavailableException')),
      google: refused(503, google(503, 'UNAVAILABLE')),
    },
    next: 'wait 625',
    alone: 'wait 625',
  },
  {
    row: 'overloaded',
    what: '503 with Retry-After: 2',
    forms: onAll(refused(503, '', { 'retry-after': '2' })),
    next: 'wait 2050',
    alone: 'wait 2050',
  },
  {
    row: 'internal-error',
    what: '500',
    forms: {
      openai: refused(500, openAi('server_error')),
      azure: refused(500, openAi('internal_error')),
      ...onAws(refused(500, { message: 'm' }, amazon('InternalServerException'))),
      google: refused(500, google(500, 'INTERNAL')),
    },
    next: '-> sibling',
    alone: 'wait 625',
  },
  {
    row: 'internal-error',
    what: 'server_error told in the stream',
    forms: onAll(errorEvent('server_error')),
    next: '-> sibling',
    alone: 'wait 625',
  },
  { row: 'gateway-error', what: '502', forms: onAll(refused(502, '<html>')), next: '-> sibling', alone: 'park' },
  {
    row: 'gateway-error',
    what: '504',
    forms: { ...onAll(refused(504, '<html>')), google: refused(504, google(504, 'DEADLINE_EXCEEDED')) },
    next: '-> sibling',
    alone: 'park',
  },
  { row: 'conflict', what: '408', forms: onAll(refused(408, '')), next: 'wait 313', alone: 'wait 313' },
  {
    row: 'conflict',
    what: '409',
    forms: { ...onAll(refused(409, '')), google: refused(409, google(409, 'ABORTED')) },
    next: 'wait 313',
    alone: 'wait 313',
  },
  {
    row: 'authentication',
    what: 'a refused credential',
    forms: {
      openai: refused(401, openAi('invalid_api_key')),
      azure: refused(401, gateway('401')),
      'aws-mantle': refused(401, { message: 'm' }),
      'aws-runtime': refused(403, { message: 'm' }, amazon('ExpiredTokenException')),
      google: refused(401, google(401, 'UNAUTHENTICATED')),
    },
    next: '-> sibling',
    alone: 'park',
  },
  {
    row: 'authentication',
    what: '403',
    forms: { ...onAll(refused(403, '')), google: refused(403, google(403, 'PERMISSION_DENIED')) },
    next: '-> sibling',
    alone: 'park',
  },
  {
    row: 'authentication',
    what: 'no credentials to be had',
    forms: onAll(withoutCredentials()),
    next: '-> sibling',
    alone: 'park',
  },
  {
    row: 'not-found',
    what: 'no such model or deployment',
    forms: {
      openai: refused(404, openAi('model_not_found')),
      azure: refused(404, gateway('DeploymentNotFound')),
      ...onAws(refused(404, { message: 'm' }, amazon('ResourceNotFoundException'))),
      google: refused(404, google(404, 'NOT_FOUND')),
    },
    next: '-> sibling',
    alone: 'park',
  },
  {
    row: 'unsupported',
    what: 'a parameter or tool that it lacks',
    forms: {
      openai: refused(400, openAi('unsupported_parameter')),
      azure: refused(400, gateway('OperationNotSupported')),
      ...onAws(refused(400, { error: { message: "tool type `custom` isn't supported" } })),
      google: refused(501, google(501, 'UNIMPLEMENTED')),
    },
    next: '-> sibling',
    alone: 'give-up',
  },
  {
    row: 'invalid-transcript',
    what: "another account's reasoning",
    forms: onAll(refused(400, openAi('invalid_encrypted_content'))),
    next: 'retry',
    alone: 'retry',
  },
  {
    row: 'context-overflow',
    what: 'too long',
    forms: onAll(refused(400, openAi('context_length_exceeded'))),
    next: 'give-up',
    alone: 'give-up',
  },
  {
    row: 'invalid-request',
    what: 'a bad request',
    forms: {
      openai: refused(400, openAi(null, 'invalid_request_error')),
      azure: refused(400, gateway('BadRequest')),
      ...onAws(refused(400, openAi('validation_error', 'invalid_request_error'))),
      google: refused(400, google(400, 'INVALID_ARGUMENT')),
    },
    next: 'give-up',
    alone: 'give-up',
  },
  { row: 'invalid-request', what: '422', forms: onAll(refused(422, '')), next: 'give-up', alone: 'give-up' },
  {
    row: 'content-filtered',
    what: 'a filter',
    forms: {
      ...onAll(refused(400, openAi('content_filter'))),
      openai: refused(400, openAi('invalid_prompt')),
      azure: refused(400, { error: { code: 'x', innererror: { code: 'ResponsibleAIPolicyViolation' } } }),
    },
    next: 'give-up',
    alone: 'give-up',
  },
  { row: 'stream-broken', what: 'cut', forms: onAll(streamCut()), next: '-> sibling', alone: 'park' },
  { row: 'stream-broken', what: 'stalled', forms: onAll(silence('output')), next: '-> sibling', alone: 'park' },
  { row: 'stream-broken', what: 'malformed', forms: onAll(brokenStream('malformed event')), next: '-> sibling', alone: 'park' },
  {
    row: 'stream-broken',
    what: 'without its end',
    forms: onAll(brokenStream('no terminal event')),
    next: '-> sibling',
    alone: 'park',
  },
  { row: 'empty-answer', what: 'whole and empty', forms: onAll(emptyAnswer()), next: 'retry', alone: 'retry' },
  {
    row: 'interrupted',
    what: 'our worker went away',
    forms: ours({ kind: 'interrupted', phase: 'sent', scope: 'request', code: 'worker lost' }),
    next: 'retry',
    alone: 'retry',
  },
  {
    row: 'not-polled',
    what: 'nobody took the call',
    forms: ours({ phase: 'resolve', code: NOT_POLLED_CODE }),
    next: '-> sibling',
    alone: 'park',
  },
  { row: 'held', what: 'our own circuit', forms: ours({ kind: 'held', phase: 'resolve' }), next: '-> sibling', alone: 'park' },
  {
    row: 'ineligible',
    what: 'may not serve any more',
    forms: ours({ kind: 'ineligible', phase: 'resolve', code: 'RETIRED' }),
    next: '-> sibling',
    alone: 'give-up',
  },
];

function deploymentOf(endpoint: string, cloud: Cloud, overrides: Partial<Deployment> = {}): Deployment {
  return aDeployment({ endpoint, cloud, boundary: `${cloud}:${endpoint}`, ...overrides });
}

function routeFor(surface: Surface): Route {
  const cloud = CLOUD_OF[surface];
  const here = deploymentOf('here', cloud);
  return {
    model: here.model,
    deployments: [here, deploymentOf('sibling', cloud), deploymentOf('other', cloud === 'azure' ? 'aws' : 'azure')],
  };
}

function aloneOn(route: Route): Route {
  return { ...route, deployments: route.deployments.slice(0, 1) };
}

const CASES = ROWS.flatMap(({ forms, ...row }) =>
  SURFACES.flatMap((surface) => {
    const happening = forms[surface];
    return happening === undefined ? [] : [{ ...row, surface, failure: happening(surface) }];
  }),
);

describe('the decision table', () => {
  test('has a case for every row and surface', () => {
    // Reserved capacity is Azure's and has a test of its own.
    const expected = FAILURE_CLASSES.filter((row) => row !== 'reserved-full').flatMap((row) =>
      SURFACES.map((at) => `${row} ${at}`),
    );

    expect([...new Set(CASES.map(({ row, surface }) => `${row} ${surface}`))].toSorted()).toEqual(expected.toSorted());
  });

  test.each(CASES)('$row at $surface ($what): $next, alone: $alone', ({ row, surface, failure, next, alone }) => {
    const route = routeFor(surface);
    const failed = [failedAt('here', failure)];

    expect(classOf(failure)).toBe(row);
    expect(shorthand(decideNext(aDecisionInput({ route, failed })), 'here')).toBe(next);
    expect(shorthand(decideNext(aDecisionInput({ route: aloneOn(route), failed })), 'here')).toBe(alone);
  });

  test('reserved-full at azure: the standard deployment of the same resource, before everything else', () => {
    const boundary = 'azure:resource';
    const failure = refused(429, gateway('429'), { 'retry-after': '1' })('azure');
    const deployments = [
      deploymentOf('here', 'azure', { capacity: 'reserved', boundary }),
      deploymentOf('other', 'aws'),
      deploymentOf('standard', 'azure', { boundary }),
    ];
    const route = { model: 'm', deployments };

    expect(classOf(failure, deployments[0])).toBe('reserved-full');
    expect(shorthand(decideNext(aDecisionInput({ route, failed: [failedAt('here', failure)] })), 'here')).toBe('-> standard');
    expect(shorthand(decideNext(aDecisionInput({ route: aloneOn(route), failed: [failedAt('here', failure)] })), 'here')).toBe(
      'park',
    );
  });
});
