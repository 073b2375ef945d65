import type { ResponseDialect } from '../responses-api/cloud-dialect.ts';

export const GOOGLE_RESPONSE: ResponseDialect = {
  requestIdHeaders: ['x-request-id', 'x-goog-request-id'],
};
