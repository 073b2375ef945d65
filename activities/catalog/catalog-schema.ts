/** The form of the catalog's data files, and of `catalog` in `anyport.yaml`: one schema, whoever says it. */
import { z } from 'zod';
import {
  COMPLIANCE_PROGRAMS,
  ENTITLEMENTS,
  EVIDENCE,
  PARTITIONS,
  PRODUCTS,
  SCOPES,
  SELLERS,
  STAGES,
  TRI,
  ZERO_RETENTION,
} from '../../workflows/domain/catalog.ts';
import { CAPABILITIES, CLOUDS } from '../../workflows/domain/route.ts';

/** A thousand dollars per million tokens is far above any price; more is a slip of the unit. */
const HIGHEST_PRICE_USD = 1_000;
const MOST_TOKENS = 100_000_000;

const TIME = /^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?Z$/;

const text = z.string().min(1, 'must not be empty');
const day = z.string().refine(isDay, { error: 'must be a day such as 2026-11-17' });
const time = z.string().refine((value) => TIME.test(value) && isDay(value.slice(0, 10)) && !Number.isNaN(Date.parse(value)), {
  error: 'must be a time in UTC such as 2026-11-22T00:00:00Z',
});
const geo = z.string().regex(/^(\*|[a-z]{2,5})$/, 'must be a geography such as us, eu, de, apac, or "*" for anywhere');
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be made of letters, digits, ".", "_" and "-"');

const source = z.strictObject({ url: text, seenOn: day, evidence: z.enum(EVIDENCE).optional(), quote: text.optional() });
/** The name of one of `sources`, or the source itself. */
const sources = z.array(z.union([name, source]));

/** A day that a calendar has. */
function isDay(value: string): boolean {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(value) : Number.NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(value);
}

const BEGINS_BEFORE_IT_ENDS = { error: 'must be later than from', path: ['to'] };

function beginsBeforeItEnds({ from, to }: { readonly from: string; readonly to?: string | undefined }): boolean {
  return to === undefined || from < to;
}

function isLater(time: string | undefined, than: string | undefined): boolean {
  return time === undefined || than === undefined || Date.parse(time) > Date.parse(than);
}

function facts<Value extends z.ZodType>(value: Value) {
  return z.array(
    z
      .strictObject({
        value,
        from: day,
        to: day.optional(),
        atLatest: z.literal(true).optional(),
        recordedAt: time.optional(),
        supersededAt: time.optional(),
        verifiedOn: day.optional(),
        sources: sources.min(1, 'must have at least one source: a fact without one is a rumour'),
        conflicts: sources.optional(),
        note: text.optional(),
      })
      .refine(beginsBeforeItEnds, BEGINS_BEFORE_IT_ENDS)
      .refine(({ recordedAt, supersededAt }) => isLater(supersededAt, recordedAt), {
        error: 'must be later than recordedAt',
        path: ['supersededAt'],
      }),
  );
}

const usd = z.number().min(0).max(HIGHEST_PRICE_USD);
const tokens = z.int().min(1).max(MOST_TOKENS);
const price = z.strictObject({
  inputUsdPerMillion: usd,
  outputUsdPerMillion: usd,
  cachedInputUsdPerMillion: usd.optional(),
  cacheWriteUsdPerMillion: usd.optional(),
  longContext: z.strictObject({ aboveInputTokens: tokens, inputUsdPerMillion: usd, outputUsdPerMillion: usd }).optional(),
});
const retention = z.strictObject({
  zeroRetention: z.enum(ZERO_RETENTION),
  defaultDays: z.int().min(0).nullable(),
  flaggedDays: z.int().min(0).nullable(),
  blocks: z.array(z.enum(CAPABILITIES)).optional(),
});
const limits = z.strictObject({ contextTokens: tokens.exactOptional(), maxOutputTokens: tokens.exactOptional() });
const retirement = z.strictObject({
  notBefore: day.exactOptional(),
  shutdown: day.exactOptional(),
  newCustomersUntil: day.exactOptional(),
  replacement: text.exactOptional(),
});
const capabilities = z.partialRecord(z.enum(CAPABILITIES), facts(z.enum(TRI)));

const place = z.strictObject({
  scope: z.enum(SCOPES),
  processing: z.array(geo),
  storage: z.union([z.literal('chosen'), z.array(geo)]),
  domains: z.array(text).optional(),
});

/** A surface that the catalog has already needs none of its first five keys again: what is said is added to it. */
const surface = z.strictObject({
  product: z.enum(PRODUCTS).optional(),
  apis: z.array(text).optional(),
  state: z.enum(['stateless', 'transcript-replay', 'pinned']).optional(),
  quota: text.optional(),
  places: z.record(name, place).optional(),
  commitments: z.array(text).optional(),
  upstream: z.enum(CLOUDS).optional(),
  closed: z.literal(true).optional(),
  recommendation: z.int().min(0).optional(),
  /** What everything there fails together with. */
  domains: z.array(text).optional(),
  regions: z.record(name, geo).optional(),
  capabilities: capabilities.optional(),
  compliance: z.partialRecord(z.enum(COMPLIANCE_PROGRAMS), facts(z.enum(TRI))).optional(),
  retention: facts(retention).optional(),
  /** Of a service that runs over the models of another surface, at the places that both have: the service's own stage and terms. */
  serves: text.optional(),
  stage: facts(z.enum(STAGES)).optional(),
  entitlement: facts(z.enum(ENTITLEMENTS)).optional(),
});

const offering = z.strictObject({
  surface: text,
  places: z.array(name).min(1, 'must name at least one place'),
  model: name,
  wireModel: text.optional(),
  stage: facts(z.enum(STAGES)).optional(),
  entitlement: facts(z.enum(ENTITLEMENTS)).optional(),
  limits: facts(limits).optional(),
  price: facts(price).optional(),
  retirement: facts(retirement).optional(),
  capabilities: capabilities.optional(),
});

const SURFACE_ID = new RegExp(`^(${SELLERS.join('|')})/(${PARTITIONS.join('|')})/[a-z0-9-]+$`);

export const catalogSchema = z.strictObject({
  /** Of every fact that does not say it itself. */
  recordedAt: time.optional(),
  sources: z.record(name, source).optional(),
  surfaces: z
    .record(z.string().regex(SURFACE_ID, 'must be SELLER/PARTITION/SURFACE, such as aws/commercial/bedrock-mantle'), surface)
    .optional(),
  offerings: z.array(offering).optional(),
  terms: z
    .array(
      z
        .strictObject({
          id: name,
          kind: z.enum(['first-ship', 'any-cloud', 'ip-license', 'revenue-share', 'exclusive-distribution']),
          parties: z.array(text).min(1),
          from: day,
          to: day.optional(),
          statement: text,
          favours: z.enum(SELLERS).optional(),
          exception: z.strictObject({ all: z.array(text).min(1) }).optional(),
          sources: sources.min(1, 'must have at least one source'),
        })
        .refine(beginsBeforeItEnds, BEGINS_BEFORE_IT_ENDS),
    )
    .optional(),
});

export type RawCatalog = z.infer<typeof catalogSchema>;
export type RawSurface = z.infer<typeof surface>;
export type RawOffering = z.infer<typeof offering>;
export type RawSource = z.infer<typeof source>;
export type RawSources = z.infer<typeof sources>;
export type RawPrice = z.infer<typeof price>;
export type RawPlace = z.infer<typeof place>;
export type RawRetention = z.infer<typeof retention>;
/** A fact as it is written, whatever its value. */
export interface RawFact<Value> {
  readonly value: Value;
  readonly from: string;
  readonly to?: string | undefined;
  readonly atLatest?: true | undefined;
  readonly recordedAt?: string | undefined;
  readonly supersededAt?: string | undefined;
  readonly verifiedOn?: string | undefined;
  readonly sources: RawSources;
  readonly conflicts?: RawSources | undefined;
  readonly note?: string | undefined;
}
