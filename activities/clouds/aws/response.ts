import type { ResponseDialect } from '../responses-api/cloud-dialect.ts';

export const AWS_RESPONSE: ResponseDialect = {
  requestIdHeaders: ['x-amzn-requestid', 'x-amz-request-id', 'x-request-id'],
};
