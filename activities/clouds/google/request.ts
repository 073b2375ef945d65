import type { RequestDialect } from '../responses-api/cloud-dialect.ts';

/** Google's documentation of the private preview names neither metadata nor background (2026-11): not sent until proved. */
export const GOOGLE_REQUEST: RequestDialect = { metadata: false, background: 'unsupported' };
