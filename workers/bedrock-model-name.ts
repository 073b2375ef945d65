/** What the name of a model at Bedrock tells of where it is processed. It knows no catalog, and not where the endpoint is. */

export type BedrockModelName = {
  /** Of an ARN, which names one. */
  readonly region?: string;
} & (
  | { readonly kind: 'profile'; readonly prefix: string }
  /** An application inference profile, by its ARN or its id: what it leads to is known to who made it. */
  | { readonly kind: 'own-profile' }
  /** The model itself. */
  | { readonly kind: 'model' }
  | { readonly kind: 'unknown' }
);

/** Those of the commercial regions; of others, such as `sa` and `me`, it is not known what they cover. */
export const PROFILE_PREFIXES: readonly string[] = ['us', 'eu', 'apac', 'in', 'jp', 'au', 'ca', 'global'];
/** The prefix in GovCloud, which is a partition and no geography. */
export const GOVERNMENT = 'us-gov';

const ARN = /^arn:aws[a-z-]*:bedrock:([a-z0-9-]*):[^:]*:([a-z-]+)\/(.+)$/;
/** Kinds of what is in the region of its ARN alone; a prompt router, for one, is not. */
const REGIONAL_RESOURCES = ['foundation-model', 'provisioned-model', 'imported-model', 'custom-model-deployment'];
const PREFIXED = /^([a-z0-9-]+)\.(.+)$/;

export function readBedrockModelName(wireModel: string): BedrockModelName {
  const name = wireModel.toLowerCase();
  if (!name.startsWith('arn:')) return readId(name);
  const [, region, resource = '', id = ''] = ARN.exec(name) ?? [];
  if (region === undefined) return { kind: 'unknown' };
  if (resource === 'application-inference-profile') return { region, kind: 'own-profile' };
  if (REGIONAL_RESOURCES.includes(resource)) return { region, kind: 'model' };
  const [, prefix] = resource === 'inference-profile' ? (PREFIXED.exec(id) ?? []) : [];
  return prefix === undefined ? { region, kind: 'unknown' } : { region, kind: 'profile', prefix };
}

function readId(id: string): BedrockModelName {
  const [, prefix = '', rest = ''] = PREFIXED.exec(id) ?? [];
  if (prefix === GOVERNMENT || PROFILE_PREFIXES.includes(prefix) || rest.startsWith('openai.'))
    return { kind: 'profile', prefix };
  if (prefix === 'openai') return { kind: 'model' };
  return { kind: /[.:]/.test(id) ? 'unknown' : 'own-profile' };
}
