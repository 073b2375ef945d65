import type { RequestDialect } from '../responses-api/cloud-dialect.ts';

/** OpenAI keeps an unstored background response for about ten minutes of polling (background guide, 2026-11), so nothing is stored. */
export const OPENAI_REQUEST: RequestDialect = { metadata: true, background: 'unstored' };
