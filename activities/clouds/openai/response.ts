import type { ResponseDialect } from '../responses-api/cloud-dialect.ts';

export const OPENAI_RESPONSE: ResponseDialect = { requestIdHeaders: ['x-request-id'] };
