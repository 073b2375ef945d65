/** The shape of `anyport.yaml`. What depends on more than one key is checked by `to-endpoint-config.ts`. */
import { z } from 'zod';
import type { BudgetKind, TaskBudget } from '../workflows/domain/budget.ts';
import { BUDGET_RANGES } from '../workflows/domain/budget.ts';
import { CAPABILITIES, CLOUDS } from '../workflows/domain/route.ts';

const NAME = /^[a-z0-9-]+$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** A thousand dollars per token's million is far above any price; more is a slip of the unit. */
const HIGHEST_PRICE_USD = 1_000;

const text = z.string().min(1, 'must not be empty');
const variable = z.string().regex(VARIABLE, 'must be the name of an environment variable, not the secret itself');
const usd = z.number().min(0).max(HIGHEST_PRICE_USD);
const price = z.strictObject({
  inputUsdPerMillion: usd,
  cachedInputUsdPerMillion: usd.optional(),
  cacheWriteUsdPerMillion: usd.optional(),
  outputUsdPerMillion: usd,
});
const day = z.string().refine((text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)), {
  error: 'must be a day such as 2026-11-17',
});
const prices = z
  .array(price.extend({ from: day }))
  .min(1, 'must have at least one price')
  .refine((all) => new Set(all.map(({ from }) => from)).size === all.length, 'must have one price for each day');

const deployment = z.union([
  text,
  z.strictObject({
    wireModel: text,
    capabilities: z.array(z.enum(CAPABILITIES)).optional(),
    price: z.union([prices, price]).optional(),
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

const endpoint = z.strictObject({
  cloud: z.enum(CLOUDS),
  surface: z.enum(['bedrock-mantle', 'bedrock-runtime']).optional(),
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/, 'must be a region such as us-east-1')
    .optional(),
  project: text.optional(),
  baseUrl: text.optional(),
  background: z.boolean().optional(),
  auth: auth.optional(),
  deployments: z.record(text, deployment).refine((all) => Object.keys(all).length > 0, 'must name at least one model'),
});

function within(kind: BudgetKind) {
  const { least, most, isWhole } = BUDGET_RANGES[kind];
  const number = z.number().min(least).max(most);
  return (isWhole ? number.int() : number).exactOptional();
}

const budget = z.strictObject({
  costUsd: within('costUsd'),
  tokens: within('tokens'),
  turns: within('turns'),
  toolCalls: within('toolCalls'),
  wallClockMs: within('wallClockMs'),
}) satisfies z.ZodType<TaskBudget>;

const tenant = z.strictObject({
  standardCloud: z.enum(CLOUDS).optional(),
  order: z.array(z.enum(CLOUDS)).optional(),
  budget: budget.optional(),
});

export const configSchema = z.strictObject({
  endpoints: z
    .record(z.string().regex(NAME, 'must be made of a-z, 0-9 and "-"'), endpoint)
    .refine((all) => Object.keys(all).length > 0, 'must name at least one endpoint'),
  tenants: z.record(text, tenant).optional(),
  sandbox: z.enum(['required', 'optional', 'none']).optional(),
});

export type RawConfig = z.infer<typeof configSchema>;
export type RawEndpoint = z.infer<typeof endpoint>;
export type RawAuth = z.infer<typeof auth>;
export type RawPrice = z.infer<typeof price>;
export type RawPrices = RawPrice | z.infer<typeof prices>;

/** A mistake and the keys that lead to it. */
export interface Mistake {
  readonly path: readonly PropertyKey[];
  readonly problem: string;
}

/** Zod's issues, each with the path of the very key that is wrong. */
export function mistakesOf(issues: readonly z.core.$ZodIssue[]): readonly Mistake[] {
  return issues.flatMap((issue): readonly Mistake[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...issue.path, key],
        problem: `unknown key "${key}": remove it or correct its name`,
      }));
    }
    if (issue.code === 'invalid_key') {
      return issue.issues.map(({ message }) => ({ path: issue.path, problem: `${describePath(issue.path)} ${message}` }));
    }
    if (issue.code === 'invalid_union') return unionMistakes(issue);
    return [{ path: issue.path, problem: `${describePath(issue.path)}: ${issue.message}` }];
  });
}

/** The branch that came furthest speaks: the other one only says that it wanted text. */
function unionMistakes(issue: z.core.$ZodIssueInvalidUnion): readonly Mistake[] {
  const best = issue.errors.toSorted((left, right) => deepest(right) - deepest(left))[0] ?? [];
  return mistakesOf(best.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })));
}

function deepest(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length + (issue.code === 'unrecognized_keys' ? 1 : 0)));
}

export function describePath(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the file' : path.map(String).join('.');
}
