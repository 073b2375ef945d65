import type { FailureDialect, FailureRule } from '../responses-api/cloud-dialect.ts';

const REFUSED_CREDENTIAL: FailureRule = { kind: 'authentication', scope: 'credential' };
const UNAVAILABLE: FailureRule = { kind: 'unavailable', scope: 'deployment' };

/** Google's canonical codes, which stand in `error.status`. */
export const GOOGLE_FAILURE: FailureDialect = {
  rules: {
    // Quota or shared capacity: Google does not say which, and mostly without a Retry-After.
    resource_exhausted: { kind: 'rate-limited', scope: 'deployment' },
    unauthenticated: REFUSED_CREDENTIAL,
    permission_denied: REFUSED_CREDENTIAL,
    // The project is not on the preview's allow-list, or its organisation forbids the model: other projects may have it.
    failed_precondition: { kind: 'authentication', scope: 'account' },
    not_found: { kind: 'not-found', scope: 'deployment' },
    invalid_argument: { kind: 'invalid-request', scope: 'request' },
    out_of_range: { kind: 'invalid-request', scope: 'request' },
    unimplemented: { kind: 'unsupported', scope: 'deployment' },
    unavailable: { kind: 'overloaded', scope: 'deployment' },
    deadline_exceeded: { kind: 'timeout', scope: 'deployment' },
    internal: UNAVAILABLE,
    unknown: UNAVAILABLE,
    aborted: UNAVAILABLE,
    cancelled: UNAVAILABLE,
  },
  judge: () => undefined,
};
