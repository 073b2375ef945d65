import type { FailureDialect, FailureRule } from '../../clouds/responses-api/cloud-dialect.ts';
import { GOOGLE_FAILURE } from '../../clouds/google/failure.ts';

/** Code of a failure of the engine's own code: whether it had taken the input before nobody knows. */
export const ENGINE_FAILED = 'engine failed';

const FILTERED: FailureRule = { kind: 'content-filtered', scope: 'request' };

/** The service answers 400 with this for whatever the engine's code throws (troubleshooting page, 2026-11). */
const OWN_CODE = /^reasoning engine execution failed/i;
const NO_SESSION = /session not found/i;
const NO_BILLING = /requires billing to be enabled|billing .*disabled/i;

export const AGENT_ENGINE_FAILURE: FailureDialect = {
  rules: {
    ...GOOGLE_FAILURE.rules,
    // Why a model stopped, which the Agent Development Kit makes the error of its event.
    safety: FILTERED,
    prohibited_content: FILTERED,
    blocklist: FILTERED,
    recitation: FILTERED,
    spii: FILTERED,
    max_tokens: { kind: 'context-overflow', scope: 'request' },
    malformed_function_call: { kind: 'unavailable', scope: 'request' },
  },
  judge: ({ status, message }) => {
    if (NO_BILLING.test(message)) return { kind: 'quota-exhausted', scope: 'account', code: 'billing disabled' };
    if (!OWN_CODE.test(message)) return undefined;
    if (NO_SESSION.test(message)) return { kind: 'not-found', scope: 'request', code: 'session not found' };
    return status === 400 ? { kind: 'unavailable', scope: 'deployment', code: ENGINE_FAILED } : undefined;
  },
};
