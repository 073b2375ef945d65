/**
 * What clouds sell, as dated facts. A fact holds from a day to a day in the world (`from`, `to`), and from a moment to a moment in
 * what we believe (`recordedAt`, `supersededAt`): so any past day can be asked about, as we know it now or as we knew it then.
 */
import type { Geo } from './geo.ts';
import type { Price } from './price.ts';
import type { Capability, Cloud } from './route.ts';
import { CLOUDS } from './route.ts';

/** YYYY-MM-DD, the day's beginning in UTC. */
export type IsoDate = string;
/** RFC 3339 in UTC with milliseconds, as `toISOString` gives it, so that two can be compared as texts. */
export type IsoTime = string;

/** The clouds that Anyport calls, and those who sell the same models on. */
export type Seller = Cloud | Reseller;
export const RESELLERS = ['oracle', 'snowflake', 'databricks', 'cloudflare', 'sap', 'github', 'openrouter'] as const;
export type Reseller = (typeof RESELLERS)[number];
export const SELLERS = [...CLOUDS, ...RESELLERS] as const satisfies readonly Seller[];

export const PRODUCTS = ['model', 'codex', 'codex-cloud', 'managed-agent'] as const;
/** `codex`: the agent on one's own machines, over a cloud's models; `codex-cloud`: its tasks in OpenAI's cloud. */
export type Product = (typeof PRODUCTS)[number];

export const PARTITIONS = ['commercial', 'us-gov'] as const;
export type Partition = (typeof PARTITIONS)[number];

/**
 * `unlisted`: its seller's list was looked at, and it was not there. `deprecated`: still served, with an end in sight. `suspended`:
 * taken away for a time.
 */
export const STAGES = [
  'unlisted',
  'announced',
  'private-preview',
  'limited-preview',
  'public-preview',
  'ga',
  'deprecated',
  'retired',
  'suspended',
] as const;
export type Stage = (typeof STAGES)[number];

/** Where a request may be processed: in one region, within a geography, or wherever the cloud likes. */
export const SCOPES = ['in-region', 'geo', 'global'] as const;
export type Scope = (typeof SCOPES)[number];

/** How well a fact is known, weakest first. `operator`: said by whoever runs this Anyport. */
export const EVIDENCE = [
  'inferred',
  'single-third-party',
  'multi-third-party',
  'vendor-relayed',
  'vendor-doc',
  'operator',
] as const;
export type Evidence = (typeof EVIDENCE)[number];

export const TRI = ['yes', 'no', 'unknown'] as const;
export type Tri = (typeof TRI)[number];

export const COMPLIANCE_PROGRAMS = [
  'soc2',
  'iso27001',
  'hipaa-baa',
  'pci-dss',
  'fedramp-moderate',
  'fedramp-high',
  'il4',
  'il5',
  'il6',
  'eu-data-boundary',
] as const;
export type ComplianceProgram = (typeof COMPLIANCE_PROGRAMS)[number];

/** What a customer needs besides an account; all but `open` have to be granted. */
export const ENTITLEMENTS = ['open', 'quota-request', 'allowlist', 'private-offer', 'trusted-access', 'gov-approval'] as const;
export type EntitlementKind = (typeof ENTITLEMENTS)[number];

export const ZERO_RETENTION = ['yes', 'on-approval', 'no', 'unknown'] as const;

export interface Source {
  /** A web address, or words that say where an operator has it from. */
  readonly url: string;
  readonly seenOn: IsoDate;
  readonly evidence: Evidence;
  readonly quote?: string;
}

export interface Fact<Value> {
  /** `<whose>#<what>@<from>`, unique in a catalog. */
  readonly id: string;
  readonly value: Value;
  readonly from: IsoDate;
  /** The first day on which it holds no more; null: no end is known. */
  readonly to: IsoDate | null;
  /** The day it began is not known: it held on `from` already. */
  readonly atLatest?: true;
  readonly recordedAt: IsoTime;
  readonly supersededAt: IsoTime | null;
  /** When somebody last looked whether it is still so. */
  readonly verifiedOn: IsoDate;
  /** At least one. */
  readonly sources: readonly Source[];
  /** What says otherwise, kept. */
  readonly conflicts?: readonly Source[];
  readonly note?: string;
  /** An operator's fact wins over the catalog's for the days that it covers. */
  readonly by: 'catalog' | 'operator';
}

export interface Limits {
  readonly contextTokens?: number;
  readonly maxOutputTokens?: number;
}

/** `zeroRetention` on approval: by contract, or by a setting of the customer's own account. */
export interface Retention {
  readonly zeroRetention: (typeof ZERO_RETENTION)[number];
  /** How long the cloud keeps what it keeps by default; null: not known. */
  readonly defaultDays: number | null;
  /** How long it keeps what its abuse detection flagged, also under zero retention; null: not known. */
  readonly flaggedDays: number | null;
  /** What cannot be had under zero retention. */
  readonly blocks: readonly Capability[];
}

export interface Retirement {
  /** It is promised to be served until then. */
  readonly notBefore?: IsoDate;
  /** The first day on which it is not served. */
  readonly shutdown?: IsoDate;
  /** From then on those alone who use it already. */
  readonly newCustomersUntil?: IsoDate;
  readonly replacement?: string;
}

/** Where an offering is processed and kept. */
export interface Place {
  /** `<seller>/<partition>/<surface>`. */
  readonly surface: string;
  /** `us-east-1`, `eu`, `global`. */
  readonly name: string;
  readonly scope: Scope;
  /** Empty: not known. */
  readonly processing: readonly Geo[];
  /** Empty: not known; `chosen`: in the geography of the customer's resource. */
  readonly storage: readonly Geo[] | 'chosen';
  /** What it fails together with: `identity:entra`, `region:us-east-1`. */
  readonly failureDomains: readonly string[];
}

/** A way to reach a seller's products: what holds for all of them there. */
export interface Surface {
  readonly id: string;
  readonly seller: Seller;
  readonly partition: Partition;
  readonly product: Product;
  readonly apis: readonly string[];
  /** What a move to another offering takes along: nothing to take, our own transcript, or the state stays behind. */
  readonly state: 'stateless' | 'transcript-replay' | 'pinned';
  readonly quota: string;
  readonly commitmentPools: readonly string[];
  /** Who really serves what a reseller sells. */
  readonly upstream?: Cloud;
  /** It sells what is listed and nothing else, such as open weights or what a reseller picks: its silence is no question. */
  readonly isClosed?: true;
  /** Of the surfaces of one seller, the one with the lower number is the seller's own recommendation. */
  readonly recommendation: number;
  /** By name. */
  readonly places: Readonly<Record<string, Place>>;
  /** Geography of each region that a place of this surface may be named after, beside those in `places`. */
  readonly regions: Readonly<Record<string, Geo>>;
  /** What everything there fails together with. */
  readonly failureDomains: readonly string[];
  readonly capabilities: Readonly<Partial<Record<Capability, readonly Fact<Tri>[]>>>;
  readonly compliance: Readonly<Partial<Record<ComplianceProgram, readonly Fact<Tri>[]>>>;
  readonly retention: readonly Fact<Retention>[];
  /** Of offerings of which nothing else is known. */
  readonly entitlement: readonly Fact<EntitlementKind>[];
}

/** One product with one model at one place of one surface; nothing coarser has one price, one launch date and one residency. */
export interface Offering {
  /** `<surface>/<place>/<model>`. */
  readonly id: string;
  readonly model: string;
  /** The model's name on the wire; null: the customer names it. */
  readonly wireModel: string | null;
  readonly surface: Surface;
  readonly place: Place;
  readonly stage: readonly Fact<Stage>[];
  readonly entitlement: readonly Fact<EntitlementKind>[];
  readonly limits: readonly Fact<Limits>[];
  readonly price: readonly Fact<Price>[];
  readonly retirement: readonly Fact<Retirement>[];
  /** The surface's, with those of the offering itself in their place. */
  readonly capabilities: Surface['capabilities'];
}

/** What a contract says of who sells first. It explains and breaks ties; it never makes anything eligible. */
export interface ContractTerm {
  readonly id: string;
  readonly kind: 'first-ship' | 'any-cloud' | 'ip-license' | 'revenue-share' | 'exclusive-distribution';
  readonly parties: readonly string[];
  readonly from: IsoDate;
  readonly to: IsoDate | null;
  /** In our own words. */
  readonly statement: string;
  /** Whom the term sends first. */
  readonly favours?: Seller;
  /** The term does not bind when all of these hold. */
  readonly exception?: { readonly all: readonly string[] };
  readonly sources: readonly Source[];
}

export interface Catalog {
  /** By id. */
  readonly surfaces: ReadonlyMap<string, Surface>;
  /** By `catalogKey`, in the order of their ids. */
  readonly offerings: ReadonlyMap<string, readonly Offering[]>;
  readonly terms: readonly ContractTerm[];
}

/** When a decision is asked for: a day in the world, and a moment in what we believe. */
export interface Moment {
  readonly asOf: IsoDate;
  readonly knownAt: IsoTime;
}

/** Where the offerings of a product with a model are found in a catalog. */
export function catalogKey(product: Product, model: string): string {
  return `${product}/${model}`;
}

/** The one constructor of offering ids. */
export function offeringId(surface: string, place: string, model: string): string {
  return `${surface}/${place}/${model}`;
}

/** What a place of a surface would be for a model that no fact says it sells. */
export function unknownOffering(surface: Surface, place: Place, model: string): Offering {
  return {
    id: offeringId(surface.id, place.name, model),
    model,
    wireModel: null,
    surface,
    place,
    stage: NOTHING,
    entitlement: surface.entitlement,
    limits: NOTHING,
    price: NOTHING,
    retirement: NOTHING,
    capabilities: surface.capabilities,
  };
}

const NOTHING: readonly never[] = [];
