import type { FailureDialect } from '../../clouds/responses-api/cloud-dialect.ts';
import { TURN_RULES } from '../agents-api/turn-rules.ts';

export const OPENAI_AGENTS_FAILURE: FailureDialect = { rules: TURN_RULES, judge: () => undefined };
