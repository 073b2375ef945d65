import type { FailureDialect, FailureRule } from '../responses-api/cloud-dialect.ts';

const OVERLOADED: FailureRule = { kind: 'overloaded', scope: 'deployment' };

/**
 * Azure answers 429 both when our own quota per minute is used up and when the region lacks capacity, with one code for both; only
 * the words differ (quota page, 2026-11). Waiting helps with the first, moving with the second.
 */
const NO_CAPACITY = /high demand|temporarily unable to process/i;

export const AZURE_FAILURE: FailureDialect = {
  rules: {
    toomanyrequests: { kind: 'rate-limited', scope: 'deployment' },
    operationnotsupported: { kind: 'unsupported', scope: 'deployment' },
    resourcenotfound: { kind: 'not-found', scope: 'deployment' },
  },
  judge: ({ status, message }) => (status === 429 && NO_CAPACITY.test(message) ? OVERLOADED : undefined),
};
