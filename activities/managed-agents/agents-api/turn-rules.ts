/** What the error codes of a turn mean (SDK 7.57), as far as the Responses API does not share them; in lower case. */
import type { FailureRule } from '../../clouds/responses-api/cloud-dialect.ts';

export const TURN_RULES: Readonly<Record<string, FailureRule>> = {
  // Whatever would continue it reaches the limit again, here and elsewhere.
  max_output_tokens: { kind: 'context-overflow', scope: 'request' },
  // Of this session alone: another one has a budget of its own.
  session_budget_exceeded: { kind: 'quota-exhausted', scope: 'request' },
  connection_failed: { kind: 'unavailable', scope: 'deployment' },
  invalid_request: { kind: 'invalid-request', scope: 'request' },
  resource_not_found: { kind: 'not-found', scope: 'deployment' },
  sandbox_error: { kind: 'unavailable', scope: 'request' },
  executor_version_incompatible: { kind: 'unsupported', scope: 'deployment' },
  // Input came while it worked: it is taken when that is over.
  active_turn_not_steerable: { kind: 'unavailable', scope: 'request' },
  // Ours, for ends that come without a code.
  turn_cancelled: { kind: 'unavailable', scope: 'request' },
  turn_failed: { kind: 'unavailable', scope: 'deployment' },
  session_failed: { kind: 'unavailable', scope: 'deployment' },
};
