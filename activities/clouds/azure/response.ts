import type { ResponseDialect } from '../responses-api/cloud-dialect.ts';

/** Azure's support asks for the id of its gateway; the model's own comes second. */
export const AZURE_RESPONSE: ResponseDialect = {
  requestIdHeaders: ['apim-request-id', 'x-request-id'],
};
