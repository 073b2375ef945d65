import { AWS_RESPONSE } from '../../clouds/aws/response.ts';
import type { AgentsResponseDialect } from '../agents-api/agents-dialect.ts';

/** Turns are told in events and items alone (user guide, 2026-11). */
export const BEDROCK_MANAGED_RESPONSE: AgentsResponseDialect = { ...AWS_RESPONSE, turns: false };
