import type { FailureDialect, FailureRule } from '../responses-api/cloud-dialect.ts';

const RATE_LIMITED: FailureRule = { kind: 'rate-limited', scope: 'deployment' };
const OVERLOADED: FailureRule = { kind: 'overloaded', scope: 'deployment' };
const UNAVAILABLE: FailureRule = { kind: 'unavailable', scope: 'deployment' };
const REFUSED_CREDENTIAL: FailureRule = { kind: 'authentication', scope: 'credential' };
const UNSUPPORTED: FailureRule = { kind: 'unsupported', scope: 'deployment' };

/** Bedrock says with a ValidationException both that a request is wrong and that this surface lacks a feature (2026-11). */
const LACKS_FEATURE = /isn't supported|is not supported|does not support/i;

/** Gateway errors of AWS are named by exception, in a header or in `__type`. */
export const AWS_FAILURE: FailureDialect = {
  rules: {
    throttlingexception: RATE_LIMITED,
    toomanyrequestsexception: RATE_LIMITED,
    servicequotaexceededexception: { kind: 'quota-exhausted', scope: 'account' },
    serviceunavailableexception: OVERLOADED,
    serviceunavailable: OVERLOADED,
    modelnotreadyexception: OVERLOADED,
    internalserverexception: UNAVAILABLE,
    internalfailure: UNAVAILABLE,
    modelerrorexception: UNAVAILABLE,
    modelstreamerrorexception: UNAVAILABLE,
    modeltimeoutexception: { kind: 'timeout', scope: 'deployment' },
    accessdeniedexception: REFUSED_CREDENTIAL,
    accessdenied: REFUSED_CREDENTIAL,
    unrecognizedclientexception: REFUSED_CREDENTIAL,
    expiredtokenexception: REFUSED_CREDENTIAL,
    expiredtoken: REFUSED_CREDENTIAL,
    invalidsignatureexception: REFUSED_CREDENTIAL,
    signaturedoesnotmatch: REFUSED_CREDENTIAL,
    missingauthenticationtoken: REFUSED_CREDENTIAL,
    missingauthenticationtokenexception: REFUSED_CREDENTIAL,
    // Both come with 400: a clock that is off, and a proxy that changed the request.
    requestexpired: REFUSED_CREDENTIAL,
    incompletesignature: REFUSED_CREDENTIAL,
    incompletesignatureexception: REFUSED_CREDENTIAL,
    resourcenotfoundexception: { kind: 'not-found', scope: 'deployment' },
  },
  judge: ({ status, message }) => (status === 400 && LACKS_FEATURE.test(message) ? UNSUPPORTED : undefined),
};
