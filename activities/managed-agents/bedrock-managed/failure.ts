import { AWS_FAILURE } from '../../clouds/aws/failure.ts';
import type { FailureDialect, FailureRule } from '../../clouds/responses-api/cloud-dialect.ts';
import { TURN_RULES } from '../agents-api/turn-rules.ts';

/** 401 with good credentials: the preview is open to accounts that AWS has put on its list (user guide, 2026-11). */
const NOT_ADMITTED = /managed agents is not available for this account/i;
const NOT_ON_LIST: FailureRule = {
  kind: 'authentication',
  scope: 'account',
  code: 'account not admitted to Bedrock Managed Agents by AWS',
};

/** Of a session that is not there the caller knows better. */
const NOT_HERE: FailureRule = {
  kind: 'not-found',
  scope: 'deployment',
  code: 'this region lacks the model, or Bedrock Managed Agents',
};

export const BEDROCK_MANAGED_FAILURE: FailureDialect = {
  rules: { ...AWS_FAILURE.rules, ...TURN_RULES },
  judge: (refusal) => {
    if (NOT_ADMITTED.test(refusal.message)) return NOT_ON_LIST;
    return refusal.status === 404 ? NOT_HERE : AWS_FAILURE.judge(refusal);
  },
};
