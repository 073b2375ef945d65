/** The shape of `anyport.yaml`. What depends on more than one key is checked by `to-endpoint-config.ts`. */
import { z } from 'zod';
import { catalogSchema } from '../activities/catalog/catalog-schema.ts';
import { MANAGED_SERVICES } from '../workflows/domain/managed-service.ts';
import { CAPABILITIES, CLOUDS } from '../workflows/domain/route.ts';
import { day, perMinute, TENANT_FORM, TENANT_NAME, tenantSchema, text, usd, variable } from './tenant-schema.ts';
import { commandsSchema } from './commands-schema.ts';
import { mcpServersSchema } from './mcp-schema.ts';
import { networkSchema } from './network-schema.ts';
import { workspacesSchema } from './workspaces-schema.ts';

/** Of an endpoint, which is a part of its queue's name, and of a region. */
export const NAME = /^[a-z0-9-]+$/;
export const REGION_FORM = 'must be a region such as us-east-1';

const price = z.strictObject({
  inputUsdPerMillion: usd,
  cachedInputUsdPerMillion: usd.optional(),
  cacheWriteUsdPerMillion: usd.optional(),
  outputUsdPerMillion: usd,
});
const prices = z
  .array(price.extend({ from: day }))
  .min(1, 'must have at least one price')
  .refine((all) => new Set(all.map(({ from }) => from)).size === all.length, 'must have one price for each day');

const limits = z.strictObject({ requestsPerMinute: perMinute.optional(), tokensPerMinute: perMinute.optional() });

const deployment = z.union([
  text,
  z.strictObject({
    wireModel: text,
    processing: text.optional(),
    capabilities: z.array(z.enum(CAPABILITIES)).optional(),
    agent: text.optional(),
    capacity: z.literal('reserved').optional(),
    price: z.union([prices, price]).optional(),
    limits: limits.optional(),
  }),
]);

/** Flat, so that an unknown key is told by its name; which keys go together is checked afterwards. */
const auth = z.strictObject({
  apiKeyEnv: variable.optional(),
  apiKeyFile: text.optional(),
  bearerTokenEnv: variable.optional(),
  bearerTokenFile: text.optional(),
  accessKeyIdEnv: variable.optional(),
  secretAccessKeyEnv: variable.optional(),
  sessionTokenEnv: variable.optional(),
  profile: text.optional(),
  defaultChain: z.literal(true).optional(),
});

/** Longer than a generation of the longest answer is a slip of the unit. */
const seconds = z.number().min(0.1, 'must be at least 0.1').max(3_600, 'must be at most an hour');

/** Of Bedrock's managed agents: AgentCore Runtime, and the role with which sessions work in it. */
const runtime = z.strictObject({
  roleArn: text,
  runtimeArn: text,
  runtimeQualifier: text.optional(),
  workspaceDirectory: text.regex(/^\//, 'must be an absolute path').optional(),
});

const endpoint = z.strictObject({
  cloud: z.enum(CLOUDS),
  surface: z.enum(['bedrock-mantle', 'bedrock-runtime']).optional(),
  service: z.enum(MANAGED_SERVICES).optional(),
  runtime: runtime.optional(),
  region: z.string().regex(NAME, REGION_FORM).optional(),
  project: text.optional(),
  baseUrl: text.optional(),
  processing: text.optional(),
  background: z.literal([true, false, 'auto'], 'must be true, false or auto').optional(),
  timeouts: z.strictObject({ firstEventSeconds: seconds.optional(), idleSeconds: seconds.optional() }).optional(),
  auth: auth.optional(),
  deployments: z
    .record(text, deployment)
    .refine((all) => Object.keys(all).length > 0, 'must name at least one model, as MODEL: its name at the endpoint'),
});

export const configSchema = z.strictObject({
  endpoints: z
    .record(z.string().regex(NAME, 'must be made of a-z, 0-9 and "-": rename it'), endpoint)
    .refine((all) => Object.keys(all).length > 0, 'must name at least one endpoint: see anyport.example.yaml'),
  // A name with nothing behind it is a tenant for whom the defaults hold.
  tenants: z
    .record(
      z.string().regex(TENANT_NAME, TENANT_FORM),
      z.preprocess((value) => value ?? {}, tenantSchema),
    )
    .optional(),
  sandbox: z.enum(['required', 'optional', 'none']).optional(),
  commands: commandsSchema.optional(),
  network: networkSchema.optional(),
  workspaces: workspacesSchema.optional(),
  tools: z.array(text).optional(),
  mcpServers: mcpServersSchema.optional(),
  catalog: catalogSchema.optional(),
});
/** For those who only ask the catalog. */
export const schemaWithoutEndpoints = configSchema.partial({ endpoints: true });

export type RawConfig = z.infer<typeof schemaWithoutEndpoints>;
export type RawEndpoint = z.infer<typeof endpoint>;
export type RawAuth = z.infer<typeof auth>;
export type RawPrice = z.infer<typeof price>;
export type RawLimits = z.infer<typeof limits>;
export type RawPrices = RawPrice | z.infer<typeof prices>;
