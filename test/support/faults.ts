/** Everything that may go wrong at a cloud, by name, for tests and benchmarks that go through all of it. */
import type { FAULTS_BODY } from '../emulators/fault-plan.ts';
import type { EmulatedEndpoint } from '../emulators/emulated-endpoints.ts';
import type { z } from 'zod';

/** As it is posted to an endpoint's controls. */
export type FaultInput = z.input<typeof FAULTS_BODY>['faults'][number];
type Cloud = EmulatedEndpoint['cloud'];

export interface NamedFault {
  readonly fault: FaultInput;
  /** Where it occurs; default: everywhere. */
  readonly clouds?: readonly Cloud[];
  /** Only felt by a response in background mode. */
  readonly background?: boolean;
}

const refused = (reason: Extract<FaultInput, { kind: 'status' }>['reason'], rest: object = {}): FaultInput => ({
  kind: 'status',
  reason,
  ...rest,
});
const retryAfter = (form: 'seconds' | 'milliseconds' | 'date' | 'amz' | 'retry-info') => ({ retryAfter: { ms: 2_000, form } });

/** The rows of the decision about failover, each in the form of the cloud it is posted to. */
export const FAULTS = {
  connectRefused: { fault: { kind: 'connect-refused' } },
  blackHole: { fault: { kind: 'silence' } },
  outage: { fault: { kind: 'outage' } },
  resetBeforeAccept: { fault: { kind: 'reset-before-accept' } },
  resetAfterAccept: { fault: { kind: 'reset-after-accept' } },

  rateLimited: { fault: refused('rate-limited') },
  rateLimitedForSeconds: { fault: refused('rate-limited', retryAfter('seconds')) },
  rateLimitedForMilliseconds: { fault: refused('rate-limited', retryAfter('milliseconds')), clouds: ['openai', 'azure'] },
  rateLimitedUntilDate: { fault: refused('rate-limited', retryAfter('date')) },
  rateLimitedByAws: { fault: refused('rate-limited', retryAfter('amz')), clouds: ['aws'] },
  rateLimitedWithRetryInfo: { fault: refused('rate-limited', retryAfter('retry-info')), clouds: ['google'] },
  provisionedThroughput: { fault: refused('provisioned-throughput', retryAfter('milliseconds')), clouds: ['azure'] },
  noCapacity: { fault: refused('no-capacity') },
  quotaExhausted: { fault: refused('quota-exhausted'), clouds: ['openai', 'azure', 'aws'] },
  billing: { fault: refused('billing') },

  serverError: { fault: refused('server-error') },
  badGateway: { fault: refused('bad-gateway') },
  unavailable: { fault: refused('unavailable') },
  gatewayTimeout: { fault: refused('gateway-timeout') },
  overloaded: { fault: refused('overloaded') },
  requestTimeout: { fault: refused('request-timeout') },
  conflict: { fault: refused('conflict') },
  unauthenticated: { fault: refused('unauthenticated') },
  credentialExpired: { fault: { kind: 'credential-expired' } },
  forbidden: { fault: refused('forbidden') },
  noDeployment: { fault: refused('no-deployment') },

  foreignReasoning: { fault: refused('foreign-reasoning') },
  contextLength: { fault: refused('context-length') },
  unsupportedParameter: { fault: refused('unsupported-parameter') },
  invalidRequest: { fault: refused('invalid-request') },
  contentFilter: { fault: refused('content-filter') },

  slowFirstEvent: { fault: { kind: 'slow-first-event', delayMs: 60_000 } },
  stallBeforeOutput: { fault: { kind: 'stream-stall', at: 'before-output' } },
  stallAfterOutput: { fault: { kind: 'stream-stall', at: 'after-output' } },
  cutBeforeOutput: { fault: { kind: 'stream-cut', at: 'before-output' } },
  cutAfterOutput: { fault: { kind: 'stream-cut', at: 'after-output' } },
  cutBeforeToolCall: { fault: { kind: 'stream-cut', at: 'before-tool-call' } },
  cutWithinToolCall: { fault: { kind: 'stream-cut', at: 'within-tool-call' } },
  cutAfterToolCall: { fault: { kind: 'stream-cut', at: 'after-tool-call' } },
  malformedEvent: { fault: { kind: 'malformed-event', at: 'before-output' } },
  errorBeforeOutput: { fault: { kind: 'error-event', at: 'before-output', code: 'server_is_overloaded' } },
  errorAfterOutput: { fault: { kind: 'error-event', at: 'after-output', code: 'server_error', form: 'flat' } },
  quotaErrorBeforeOutput: { fault: { kind: 'error-event', at: 'before-output', code: 'insufficient_quota' } },
  missingTerminal: { fault: { kind: 'missing-terminal' } },
  failedResponse: { fault: { kind: 'response-end', status: 'failed', code: 'server_error' } },
  emptyOutput: { fault: { kind: 'empty-output' } },
  backgroundFailed: { fault: { kind: 'background-end', status: 'failed' }, background: true },
  backgroundExpired: { fault: { kind: 'background-end', status: 'expired' }, background: true },
  backgroundCancelled: { fault: { kind: 'background-end', status: 'cancelled' }, background: true },
} as const satisfies Readonly<Record<string, NamedFault>>;
export type FaultName = keyof typeof FAULTS;

/** What is odd, and yet gives an answer. */
export const ODDITIES = {
  unknownEvents: { kind: 'unknown-events' },
  slowStream: { kind: 'slow-stream', eventDelayMs: 5 },
  refusal: { kind: 'refusal' },
  filteredOutput: { kind: 'response-end', status: 'incomplete', code: 'content_filter' },
  tokenLimit: { kind: 'response-end', status: 'incomplete', code: 'max_output_tokens' },
} as const satisfies Readonly<Record<string, FaultInput>>;
