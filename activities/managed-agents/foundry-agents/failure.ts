import { AZURE_FAILURE } from '../../clouds/azure/failure.ts';
import type { FailureDialect } from '../../clouds/responses-api/cloud-dialect.ts';
import { TURN_RULES } from '../agents-api/turn-rules.ts';

export const FOUNDRY_FAILURE: FailureDialect = {
  rules: {
    ...AZURE_FAILURE.rules,
    ...TURN_RULES,
    // A field that goes with no saved agent, or none that it knows.
    invalid_payload: { kind: 'invalid-request', scope: 'request' },
    // A tool that the service calls by itself failed, whoever's fault it is.
    tool_user_error: { kind: 'unavailable', scope: 'request' },
  },
  judge: AZURE_FAILURE.judge,
};
