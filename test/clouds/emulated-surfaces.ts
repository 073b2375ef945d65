/** The emulated clouds' endpoints as connections, read from their configuration the way a worker would. */
import { z } from 'zod';
import type { EndpointConnection } from '../../activities/clouds/cloud-client.ts';

export const SURFACES = ['openai', 'azure-eastus2', 'aws-us-east-1', 'aws-runtime-us-east-1', 'google-global'] as const;

type SurfaceName = (typeof SURFACES)[number];

/** Every way in which every surface may be called: its usual credentials, and what its cloud takes beside them. */
export const CALLERS: readonly { readonly name: SurfaceName; readonly by: string; readonly auth?: object }[] = [
  ...SURFACES.map((name) => ({ name, by: 'its usual credentials' })),
  { name: 'azure-eastus2', by: 'an Entra token', auth: { bearerTokenEnv: 'EMULATED_AZURE_TOKEN' } },
  { name: 'aws-us-east-1', by: 'a Bedrock API key', auth: { bearerTokenEnv: 'EMULATED_AWS_BEDROCK_API_KEY' } },
  { name: 'aws-runtime-us-east-1', by: 'a Bedrock API key', auth: { bearerTokenEnv: 'EMULATED_AWS_BEDROCK_API_KEY' } },
  {
    name: 'aws-us-east-1',
    by: 'temporary credentials',
    auth: {
      accessKeyIdEnv: 'EMULATED_AWS_ACCESS_KEY_ID',
      secretAccessKeyEnv: 'EMULATED_AWS_SECRET_ACCESS_KEY',
      sessionTokenEnv: 'EMULATED_AWS_SESSION_TOKEN',
    },
  },
];

const ENDPOINT = z.object({
  cloud: z.enum(['openai', 'azure', 'aws', 'google']),
  surface: z.enum(['bedrock-mantle', 'bedrock-runtime']).optional(),
  region: z.string().optional(),
  project: z.string().optional(),
  baseUrl: z.string(),
  auth: z.object({
    apiKeyEnv: z.string().optional(),
    bearerTokenEnv: z.string().optional(),
    accessKeyIdEnv: z.string().optional(),
    secretAccessKeyEnv: z.string().optional(),
    sessionTokenEnv: z.string().optional(),
  }),
  deployments: z.record(z.string(), z.union([z.string(), z.object({ wireModel: z.string() })])),
});
type Endpoint = z.infer<typeof ENDPOINT>;
type Environment = Readonly<Record<string, string>>;

export interface EmulatedSurface {
  readonly connection: EndpointConnection;
  readonly wireModel: string;
}

export function toSurface(raw: unknown, environment: Environment): EmulatedSurface {
  const endpoint = ENDPOINT.parse(raw);
  const deployment = Object.values(endpoint.deployments)[0] ?? '';
  return {
    connection: toConnection(endpoint, environment),
    wireModel: typeof deployment === 'string' ? deployment : deployment.wireModel,
  };
}

function toConnection(
  { cloud, surface, region, project, baseUrl, auth }: Endpoint,
  environment: Environment,
): EndpointConnection {
  const secret = (name: string | undefined): string => (name === undefined ? '' : (environment[name] ?? ''));
  const bearer = { kind: 'bearer-token', token: secret(auth.bearerTokenEnv) } as const;
  switch (cloud) {
    case 'openai':
      return { cloud, baseUrl, apiKey: secret(auth.apiKeyEnv) };
    case 'azure':
      return {
        cloud,
        baseUrl,
        credential: auth.apiKeyEnv === undefined ? bearer : { kind: 'api-key', apiKey: secret(auth.apiKeyEnv) },
      };
    case 'aws':
      return {
        cloud,
        baseUrl,
        surface: surface ?? 'bedrock-mantle',
        region: region ?? 'us-east-1',
        credential: auth.accessKeyIdEnv === undefined ? bearer : toAccessKey(auth, secret),
      };
    case 'google':
      return {
        cloud,
        baseUrl,
        project: project ?? 'emulated',
        location: region ?? 'global',
        credential: { kind: 'access-token', token: bearer.token },
      };
  }
}

function toAccessKey(auth: Endpoint['auth'], secret: (name: string | undefined) => string) {
  return {
    kind: 'access-key',
    accessKeyId: secret(auth.accessKeyIdEnv),
    secretAccessKey: secret(auth.secretAccessKeyEnv),
    ...(auth.sessionTokenEnv === undefined ? {} : { sessionToken: secret(auth.sessionTokenEnv) }),
  } as const;
}
