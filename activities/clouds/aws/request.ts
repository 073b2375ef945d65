import type { EndpointConnection } from '../cloud-client.ts';
import type { RequestDialect } from '../responses-api/cloud-dialect.ts';

type Surface = Extract<EndpointConnection, { cloud: 'aws' }>['surface'];

/** `bedrock-runtime` is always synchronous and answers 400 to `background`; mantle has it unless retention is none (2026-11). */
export const AWS_REQUESTS = {
  'bedrock-mantle': { metadata: true, background: 'stored' },
  'bedrock-runtime': { metadata: true, background: 'unsupported' },
} as const satisfies Record<Surface, RequestDialect>;
