/** The five emulated endpoints: what sets one apart on the wire. Facts as of 2026-11, as the adapters have them. */

export type AuthStyle =
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'api-key'; readonly key: string }
  | {
      readonly kind: 'sigv4';
      readonly service: string;
      readonly region: string;
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
    };

export interface EmulatedEndpoint {
  readonly name: string;
  readonly cloud: 'openai' | 'azure' | 'aws' | 'google';
  readonly basePath: string;
  readonly wireModel: string;
  readonly auth: AuthStyle;
  readonly background: 'unstored' | 'stored' | 'none';
  readonly customTools: boolean;
  readonly encryptedReasoning: boolean;
  /** Its entry in `anyport.yaml`, but for the base URL. */
  readonly configuration: Readonly<Record<string, unknown>>;
}

const MODEL = 'gpt-6.1-sol';
const REGION = 'us-east-1';
const AWS_ACCESS_KEY_ID = 'AKIDEMULATED00000001';
const AWS_SECRET_ACCESS_KEY = 'emulated-secret-access-key';

/** Invented: they open nothing but the emulated clouds. */
export const EMULATED_CREDENTIALS = {
  EMULATED_OPENAI_API_KEY: 'sk-emulated',
  EMULATED_AZURE_API_KEY: 'emulated-azure-key',
  EMULATED_AWS_ACCESS_KEY_ID: AWS_ACCESS_KEY_ID,
  EMULATED_AWS_SECRET_ACCESS_KEY: AWS_SECRET_ACCESS_KEY,
  EMULATED_GOOGLE_TOKEN: 'ya29.emulated',
} as const;

const AWS_AUTH = { accessKeyIdEnv: 'EMULATED_AWS_ACCESS_KEY_ID', secretAccessKeyEnv: 'EMULATED_AWS_SECRET_ACCESS_KEY' };

function sigV4(service: string): AuthStyle {
  return { kind: 'sigv4', service, region: REGION, accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY };
}

export const EMULATED_ENDPOINTS: readonly EmulatedEndpoint[] = [
  {
    name: 'openai',
    cloud: 'openai',
    basePath: '/v1',
    wireModel: MODEL,
    auth: { kind: 'bearer', token: EMULATED_CREDENTIALS.EMULATED_OPENAI_API_KEY },
    background: 'unstored',
    customTools: true,
    encryptedReasoning: true,
    configuration: { cloud: 'openai', auth: { apiKeyEnv: 'EMULATED_OPENAI_API_KEY' }, deployments: { [MODEL]: MODEL } },
  },
  {
    name: 'azure-eastus2',
    cloud: 'azure',
    basePath: '/openai/v1',
    wireModel: 'my-sol',
    auth: { kind: 'api-key', key: EMULATED_CREDENTIALS.EMULATED_AZURE_API_KEY },
    background: 'stored',
    customTools: true,
    encryptedReasoning: true,
    configuration: {
      cloud: 'azure',
      region: 'eastus2',
      auth: { apiKeyEnv: 'EMULATED_AZURE_API_KEY' },
      deployments: { [MODEL]: 'my-sol' },
    },
  },
  {
    name: 'aws-us-east-1',
    cloud: 'aws',
    basePath: '/openai/v1',
    wireModel: `openai.${MODEL}`,
    auth: sigV4('bedrock-mantle'),
    background: 'stored',
    customTools: true,
    encryptedReasoning: true,
    configuration: {
      cloud: 'aws',
      surface: 'bedrock-mantle',
      region: REGION,
      auth: AWS_AUTH,
      deployments: { [MODEL]: `openai.${MODEL}` },
    },
  },
  {
    name: 'aws-runtime-us-east-1',
    cloud: 'aws',
    basePath: '/openai/v1',
    wireModel: `us.openai.${MODEL}`,
    auth: sigV4('bedrock'),
    background: 'none',
    customTools: true,
    encryptedReasoning: false,
    configuration: {
      cloud: 'aws',
      surface: 'bedrock-runtime',
      region: REGION,
      auth: AWS_AUTH,
      deployments: { [MODEL]: `us.openai.${MODEL}` },
    },
  },
  {
    name: 'google-global',
    cloud: 'google',
    basePath: '/v1/projects/emulated/locations/global/publishers/openai/v1',
    wireModel: MODEL,
    auth: { kind: 'bearer', token: EMULATED_CREDENTIALS.EMULATED_GOOGLE_TOKEN },
    background: 'none',
    customTools: false,
    encryptedReasoning: false,
    configuration: {
      cloud: 'google',
      project: 'emulated',
      region: 'global',
      auth: { bearerTokenEnv: 'EMULATED_GOOGLE_TOKEN' },
      deployments: { [MODEL]: MODEL },
    },
  },
];
