import type { AgentsRequestDialect } from '../agents-api/agents-dialect.ts';

/** No environment of OpenAI's: what is done to files is done by our tools. */
export const OPENAI_AGENTS_REQUEST: AgentsRequestDialect = {
  openingFields: () => ({ environment: { type: 'none' } }),
  idempotencyKeys: true,
  metadataFilter: true,
};
