/** The parsed `anyport.yaml`, as the rest of the workers know it. `config.ts` reads and checks it. */
import type { TaskBudget } from '../workflows/domain/budget.ts';
import type { DatedPrices } from '../workflows/domain/price.ts';
import type { Capability, Cloud } from '../workflows/domain/route.ts';

/** The name of an environment variable or the path of a file that holds a secret. Never the secret itself. */
export type SecretReference =
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string };

export type EndpointAuth =
  | { readonly kind: 'api-key'; readonly secret: SecretReference }
  | { readonly kind: 'bearer-token'; readonly secret: SecretReference }
  | {
      readonly kind: 'access-key';
      readonly accessKeyId: SecretReference;
      readonly secretAccessKey: SecretReference;
      readonly sessionToken?: SecretReference;
    }
  | { readonly kind: 'profile'; readonly profile: string }
  /** The cloud's own chain: AWS SDK chain, Google application default credentials. */
  | { readonly kind: 'default-chain' };

export interface DeploymentConfig {
  readonly model: string;
  /** The model's name at the endpoint. */
  readonly wireModel: string;
  readonly capabilities: readonly Capability[];
  readonly prices: DatedPrices;
}

export interface EndpointConfig {
  readonly name: string;
  readonly cloud: Cloud;
  readonly surface?: 'bedrock-mantle' | 'bedrock-runtime';
  readonly region: string | null;
  /** Google only. */
  readonly project?: string;
  readonly baseUrl?: string;
  readonly auth: EndpointAuth;
  /** Generate in the cloud's background mode, where the deployment has it. */
  readonly background: boolean;
  readonly deployments: readonly DeploymentConfig[];
}

export interface TenantConfig {
  readonly name: string;
  readonly cloudOrder: readonly Cloud[];
  /** What its tasks may use up when they don't say it themselves. */
  readonly budget?: TaskBudget;
}

export interface AnyportConfig {
  readonly endpoints: readonly EndpointConfig[];
  readonly tenants: readonly TenantConfig[];
  /** `required`: bubblewrap or nothing; `optional`: a task may ask for none; `none`: commands run unconfined. */
  readonly sandbox: 'required' | 'optional' | 'none';
  /** Where it came from, for messages: a path, or `environment`, or `emulated clouds`. */
  readonly source: string;
}
