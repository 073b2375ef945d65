import type { RequestDialect } from '../responses-api/cloud-dialect.ts';

/** Azure runs a response in the background only when it may store it (Responses how-to, 2026-11). */
export const AZURE_REQUEST: RequestDialect = { metadata: true, background: 'stored' };
