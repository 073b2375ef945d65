import type { AgentsResponseDialect } from '../agents-api/agents-dialect.ts';

export const OPENAI_AGENTS_RESPONSE: AgentsResponseDialect = { requestIdHeaders: ['x-request-id'], turns: true };
