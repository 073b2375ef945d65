/** The five emulated endpoints: what sets one apart on the wire. Facts as of 2026-11, as the adapters have them. */

/** What an endpoint takes as proof of who calls; any one of them is enough. */
export interface Authentication {
  /** Values of `Authorization: Bearer`. */
  readonly bearer?: readonly string[];
  /** Value of the header `api-key`. */
  readonly apiKey?: string;
  readonly sigV4?: SigV4Identity;
}

export interface SigV4Identity {
  readonly service: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials; without one, a request is taken as well. */
  readonly sessionTokens: readonly string[];
}

export interface EmulatedEndpoint {
  readonly name: string;
  readonly cloud: 'openai' | 'azure' | 'aws' | 'google';
  /** Where the catalog has it. */
  readonly surface: string;
  readonly place: string;
  readonly basePath: string;
  readonly model: string;
  readonly wireModel: string;
  /** A name that this surface knows, and refuses: it wants an inference profile. */
  readonly bareModel?: string;
  /** Where this surface serves other models, and refuses this one. */
  readonly otherPath?: string;
  readonly auth: Authentication;
  readonly background: 'unstored' | 'stored' | 'none';
  readonly customTools: boolean;
  /** The API's own `apply_patch`; of other clouds than OpenAI nobody says that they have it (2026-11). */
  readonly builtInPatch: boolean;
  /** Takes pictures; how Bedrock's endpoints do is not documented (2026-11). */
  readonly vision: boolean;
  /** Holds an answer to a schema; nobody documents that for Google (2026-11). */
  readonly structuredOutput: boolean;
  readonly encryptedReasoning: boolean;
  /** Only OpenAI and Azure document `x-ratelimit-*`; their forms of a duration differ. */
  readonly rateLimitHeaders: 'durations' | 'seconds' | 'none';
  /** How it says when to come again. */
  readonly retryAfter: 'seconds' | 'milliseconds' | 'retry-info';
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
  EMULATED_AZURE_TOKEN: 'eyJ.emulated-entra-token',
  EMULATED_AZURE_RENEWED_TOKEN: 'eyJ.emulated-entra-token-renewed',
  EMULATED_AWS_ACCESS_KEY_ID: AWS_ACCESS_KEY_ID,
  EMULATED_AWS_SECRET_ACCESS_KEY: AWS_SECRET_ACCESS_KEY,
  EMULATED_AWS_SESSION_TOKEN: 'emulated-session-token',
  EMULATED_AWS_RENEWED_SESSION_TOKEN: 'emulated-session-token-renewed',
  EMULATED_AWS_BEDROCK_API_KEY: 'ABSK-emulated-bedrock-key',
  EMULATED_GOOGLE_TOKEN: 'ya29.emulated',
  EMULATED_GOOGLE_RENEWED_TOKEN: 'ya29.emulated-renewed',
} as const;

/** `auth` of an endpoint of AWS: its requests are signed. */
export const EMULATED_AWS_AUTH = {
  accessKeyIdEnv: 'EMULATED_AWS_ACCESS_KEY_ID',
  secretAccessKeyEnv: 'EMULATED_AWS_SECRET_ACCESS_KEY',
};

function awsAuth(service: string): Authentication {
  const sessionTokens = [
    EMULATED_CREDENTIALS.EMULATED_AWS_SESSION_TOKEN,
    EMULATED_CREDENTIALS.EMULATED_AWS_RENEWED_SESSION_TOKEN,
  ];
  return {
    sigV4: {
      service,
      region: REGION,
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      sessionTokens,
    },
    bearer: [EMULATED_CREDENTIALS.EMULATED_AWS_BEDROCK_API_KEY],
  };
}

export const EMULATED_ENDPOINTS: readonly EmulatedEndpoint[] = [
  {
    name: 'openai',
    cloud: 'openai',
    surface: 'openai/commercial/api',
    place: 'global',
    basePath: '/v1',
    model: MODEL,
    wireModel: MODEL,
    auth: { bearer: [EMULATED_CREDENTIALS.EMULATED_OPENAI_API_KEY] },
    background: 'unstored',
    customTools: true,
    builtInPatch: true,
    vision: true,
    structuredOutput: true,
    encryptedReasoning: true,
    rateLimitHeaders: 'durations',
    retryAfter: 'seconds',
    configuration: { cloud: 'openai', auth: { apiKeyEnv: 'EMULATED_OPENAI_API_KEY' }, deployments: { [MODEL]: MODEL } },
  },
  {
    name: 'azure-eastus2',
    cloud: 'azure',
    surface: 'azure/commercial/foundry',
    place: 'global',
    basePath: '/openai/v1',
    model: MODEL,
    wireModel: 'my-sol',
    auth: {
      apiKey: EMULATED_CREDENTIALS.EMULATED_AZURE_API_KEY,
      // Its v1 API takes the key as a bearer too, beside Entra's tokens.
      bearer: [
        EMULATED_CREDENTIALS.EMULATED_AZURE_API_KEY,
        EMULATED_CREDENTIALS.EMULATED_AZURE_TOKEN,
        EMULATED_CREDENTIALS.EMULATED_AZURE_RENEWED_TOKEN,
      ],
    },
    background: 'stored',
    customTools: true,
    builtInPatch: false,
    vision: true,
    structuredOutput: true,
    encryptedReasoning: true,
    rateLimitHeaders: 'seconds',
    retryAfter: 'milliseconds',
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
    surface: 'aws/commercial/bedrock-mantle',
    place: 'us-east-1',
    basePath: '/openai/v1',
    model: MODEL,
    wireModel: `openai.${MODEL}`,
    otherPath: '/v1',
    auth: awsAuth('bedrock-mantle'),
    background: 'stored',
    customTools: true,
    builtInPatch: false,
    vision: false,
    structuredOutput: true,
    encryptedReasoning: true,
    rateLimitHeaders: 'none',
    retryAfter: 'seconds',
    configuration: {
      cloud: 'aws',
      surface: 'bedrock-mantle',
      region: REGION,
      auth: EMULATED_AWS_AUTH,
      deployments: { [MODEL]: `openai.${MODEL}` },
    },
  },
  {
    name: 'aws-runtime-us-east-1',
    cloud: 'aws',
    surface: 'aws/commercial/bedrock-runtime',
    place: 'us',
    basePath: '/openai/v1',
    model: MODEL,
    wireModel: `us.openai.${MODEL}`,
    bareModel: `openai.${MODEL}`,
    auth: awsAuth('bedrock'),
    background: 'none',
    customTools: true,
    builtInPatch: false,
    vision: false,
    structuredOutput: true,
    encryptedReasoning: false,
    rateLimitHeaders: 'none',
    retryAfter: 'seconds',
    configuration: {
      cloud: 'aws',
      surface: 'bedrock-runtime',
      region: REGION,
      auth: EMULATED_AWS_AUTH,
      deployments: { [MODEL]: `us.openai.${MODEL}` },
    },
  },
  {
    name: 'google-global',
    cloud: 'google',
    surface: 'google/commercial/agent-platform',
    place: 'global',
    basePath: '/v1/projects/emulated/locations/global/publishers/openai/v1',
    model: MODEL,
    wireModel: MODEL,
    auth: { bearer: [EMULATED_CREDENTIALS.EMULATED_GOOGLE_TOKEN, EMULATED_CREDENTIALS.EMULATED_GOOGLE_RENEWED_TOKEN] },
    background: 'none',
    customTools: false,
    builtInPatch: false,
    vision: true,
    structuredOutput: false,
    encryptedReasoning: false,
    rateLimitHeaders: 'none',
    retryAfter: 'retry-info',
    configuration: {
      cloud: 'google',
      project: 'emulated',
      region: 'global',
      auth: { bearerTokenEnv: 'EMULATED_GOOGLE_TOKEN' },
      deployments: { [MODEL]: MODEL },
    },
  },
];
