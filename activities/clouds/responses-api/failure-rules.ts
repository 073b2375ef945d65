/** What the names and statuses of failures mean: names first, since a status is often another cloud's or a gateway's. */
import type { Acceptance, ModelFailureKind } from '../../../workflows/domain/model-failure.ts';
import type { FailureDialect, FailureRule, Refusal } from './cloud-dialect.ts';

const RATE_LIMITED: FailureRule = { kind: 'rate-limited', scope: 'deployment' };
const QUOTA: FailureRule = { kind: 'quota-exhausted', scope: 'account' };
const OVERLOADED: FailureRule = { kind: 'overloaded', scope: 'deployment' };
const UNAVAILABLE: FailureRule = { kind: 'unavailable', scope: 'deployment' };
const TIMEOUT: FailureRule = { kind: 'timeout', scope: 'deployment' };
const REFUSED_CREDENTIAL: FailureRule = { kind: 'authentication', scope: 'credential' };
const NOT_FOUND: FailureRule = { kind: 'not-found', scope: 'deployment' };
const UNSUPPORTED: FailureRule = { kind: 'unsupported', scope: 'deployment' };
const INVALID: FailureRule = { kind: 'invalid-request', scope: 'request' };
const FOREIGN_STATE: FailureRule = { kind: 'invalid-transcript', scope: 'transcript' };
const TOO_LONG: FailureRule = { kind: 'context-overflow', scope: 'request' };
const FILTERED: FailureRule = { kind: 'content-filtered', scope: 'request' };

/** OpenAI's names (its error guide and SDK 7.57), which the other clouds' Responses endpoints share; in lower case. */
const SHARED_RULES: Readonly<Record<string, FailureRule>> = {
  rate_limit_exceeded: RATE_LIMITED,
  rate_limit_error: RATE_LIMITED,
  slow_down: RATE_LIMITED,
  insufficient_quota: QUOTA,
  credit_balance_exhausted: QUOTA,
  billing_not_active: QUOTA,
  billing_hard_limit_reached: QUOTA,
  organization_spend_limit_exceeded: QUOTA,
  project_spend_limit_exceeded: QUOTA,
  organization_usage_limit_exceeded: QUOTA,
  usage_limit_exceeded: QUOTA,
  server_is_overloaded: OVERLOADED,
  server_overloaded: OVERLOADED,
  overloaded_error: OVERLOADED,
  service_unavailable_error: OVERLOADED,
  flex_unavailable: OVERLOADED,
  server_error: UNAVAILABLE,
  internal_error: UNAVAILABLE,
  internal_server_error: UNAVAILABLE,
  request_timeout: TIMEOUT,
  vector_store_timeout: TIMEOUT,
  invalid_api_key: REFUSED_CREDENTIAL,
  authentication_error: REFUSED_CREDENTIAL,
  permission_denied: REFUSED_CREDENTIAL,
  unsupported_country_region_territory: REFUSED_CREDENTIAL,
  model_not_found: NOT_FOUND,
  deploymentnotfound: NOT_FOUND,
  // Ours, for background responses that ended without an answer.
  response_expired: { kind: 'not-found', scope: 'request' },
  response_cancelled: { kind: 'not-found', scope: 'request' },
  unsupported_parameter: UNSUPPORTED,
  unsupported_value: UNSUPPORTED,
  unknown_parameter: UNSUPPORTED,
  unsupported_tool: UNSUPPORTED,
  data_residency_mismatch: UNSUPPORTED,
  invalid_encrypted_content: FOREIGN_STATE,
  context_length_exceeded: TOO_LONG,
  string_above_max_length: TOO_LONG,
  content_filter: FILTERED,
  responsibleaipolicyviolation: FILTERED,
  content_policy_violation: FILTERED,
  // OpenAI sends this for a prompt that its usage policy flags, not for a malformed one.
  invalid_prompt: FILTERED,
  bio_policy: FILTERED,
  cyber_policy: FILTERED,
  misalignment_policy_violation: FILTERED,
};

const STATUS_RULES: Readonly<Record<number, FailureRule>> = {
  400: INVALID,
  401: REFUSED_CREDENTIAL,
  402: QUOTA,
  403: REFUSED_CREDENTIAL,
  404: NOT_FOUND,
  408: TIMEOUT,
  // A lock held by another request: it goes away by itself.
  409: UNAVAILABLE,
  422: INVALID,
  // AWS: the model behind the endpoint failed.
  424: UNAVAILABLE,
  429: RATE_LIMITED,
  501: UNSUPPORTED,
  503: OVERLOADED,
  504: TIMEOUT,
  // AWS and others: transient lack of capacity.
  529: OVERLOADED,
};

/** What a refusal means: the cloud's own judgement, then names, then status. */
export function classifyRefusal(refusal: Refusal, dialect: FailureDialect): FailureRule {
  if (refusal.status === 429 && refusal.doNotRetry) return QUOTA;
  return dialect.judge(refusal) ?? byName(refusal, dialect) ?? byStatus(refusal);
}

/**
 * Whether the cloud took a request that it answered with an error status: a refusal costs nothing, while a 500 or a gateway's 502
 * or 504 may have come after the model had begun.
 */
export function acceptanceOf(kind: ModelFailureKind, status: number): Acceptance {
  if (kind === 'rate-limited' || kind === 'quota-exhausted' || kind === 'overloaded') return 'not-accepted';
  if (status === 408 || status === 424) return 'unknown';
  return status >= 500 && status !== 501 ? 'unknown' : 'not-accepted';
}

function byName({ names }: Refusal, { rules }: FailureDialect): FailureRule | undefined {
  for (const name of names.map((text) => text.toLowerCase())) {
    const rule = lookUp(rules, name) ?? lookUp(SHARED_RULES, name);
    if (rule !== undefined) return rule;
  }
  return undefined;
}

function lookUp(rules: Readonly<Record<string, FailureRule>>, name: string): FailureRule | undefined {
  return Object.hasOwn(rules, name) ? rules[name] : undefined;
}

function byStatus({ status, names }: Refusal): FailureRule {
  if (status === undefined) return names.includes('invalid_request_error') ? INVALID : UNAVAILABLE;
  const rule = STATUS_RULES[status];
  if (rule !== undefined) return rule;
  // Redirects are not followed: credentials would go along. The base URL is wrong.
  if (status < 400) return NOT_FOUND;
  return status < 500 ? INVALID : UNAVAILABLE;
}
