/** The parsed `anyport.yaml`, as the rest of the workers know it. `config.ts` reads and checks it. */
import type { RateLimits } from '../workflows/domain/rate-window.ts';
import type { ApprovalPolicy } from '../workflows/domain/approval.ts';
import type { TaskBudget } from '../workflows/domain/budget.ts';
import type { DatedPrices } from '../workflows/domain/price.ts';
import type { Place } from '../workflows/domain/catalog.ts';
import type { Capability, Cloud } from '../workflows/domain/route.ts';
import type { ManagedService } from '../workflows/domain/managed-service.ts';
import type { TenantPolicy } from '../workflows/domain/tenant-policy.ts';
import type { LoadedCatalog } from '../activities/catalog/load-catalog.ts';
import type { McpServerSettings, OAuthSettings } from '../activities/mcp/mcp-server-settings.ts';
import type { CommandLimits } from '../activities/sandbox/command-limits.ts';
import type { EgressRule } from '../activities/sandbox/egress-rules.ts';
import type { BedrockSurroundings } from '../activities/managed-agents/bedrock-managed/request.ts';
import type { SetUpSettings } from '../activities/workspace/set-up-plan.ts';
import type { WorkspaceLimits } from '../activities/workspace/workspace-keeper.ts';

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
  /** What the file lists; absent when it lists none. */
  readonly ownCapabilities?: readonly Capability[];
  readonly prices: DatedPrices;
  /** The prices are the file's, not the catalog's. */
  readonly hasOwnPrice: boolean;
  /** Where it is processed and kept, as far as its configuration tells. */
  readonly place: Place;
  /** The service's id of a saved agent; absent: one is described with each session. */
  readonly agent?: string;
  /** Bought in advance; absent: standard capacity. */
  readonly capacity?: 'reserved';
  readonly limits?: RateLimits;
}

export interface EndpointConfig {
  readonly name: string;
  readonly cloud: Cloud;
  readonly surface?: 'bedrock-mantle' | 'bedrock-runtime';
  /** It runs agents itself; absent: it serves models. */
  readonly service?: ManagedService;
  /** Of `bedrock-managed-agents`: where its sessions run, and as whom. */
  readonly runtime?: Omit<BedrockSurroundings, 'region'>;
  readonly region: string | null;
  /** Google only. */
  readonly project?: string;
  readonly baseUrl?: string;
  readonly auth: EndpointAuth;
  /** Where the file says how it is reached, for messages: `anyport.yaml:3:5`. */
  readonly place?: string;
  /** Generate in the cloud's background mode, where the deployment has it; `auto`: only what is expected to be long or dear. */
  readonly background: boolean | 'auto';
  /** How long its silence is borne, before the first event and after; ms. Absent: our defaults. */
  readonly timeouts: { readonly firstEventMs?: number; readonly idleMs?: number };
  readonly deployments: readonly DeploymentConfig[];
}

export interface TenantConfig {
  readonly name: string;
  readonly policy: TenantPolicy;
  /** What an hour of waiting costs the tenant; absent: our default. */
  readonly hourUsdMicros?: number;
  /** Names of the endpoints that may take a turn after a content filter; absent: none. */
  readonly afterContentFilter?: readonly string[];
  /** What its tasks may use up when they don't say it themselves. */
  readonly budget?: TaskBudget;
  /** What a person is asked about; absent: nothing. */
  readonly approvals?: ApprovalPolicy;
  /** What its tasks' commands may reach, of what the installation allows; absent: all of that. */
  readonly network?: readonly EgressRule[];
}

/** How the files of tasks are kept and prepared. */
export interface WorkspacesConfig {
  readonly limits: WorkspaceLimits;
  readonly setUp: SetUpSettings;
}

/** An MCP server, with the names of its secrets. */
export interface McpServerConfig extends Omit<McpServerSettings, 'address'> {
  readonly address:
    | {
        readonly kind: 'stdio';
        readonly command: string;
        readonly args: readonly string[];
        readonly workingDirectory: string;
        /** Names of environment variables that its process gets beside the usual ones. */
        readonly variables: readonly string[];
      }
    | { readonly kind: 'http'; readonly url: string; readonly token?: SecretReference; readonly oauth?: OAuthConfig };
}

/** How tokens are had for an MCP server. */
export interface OAuthConfig extends Omit<OAuthSettings, 'readCredentials'> {
  readonly clientId: SecretReference;
  readonly clientSecret: SecretReference;
}

/** A module with tools of the user's own. */
export interface ToolModule {
  /** Absolute. */
  readonly path: string;
  /** Where the file names it, for messages. */
  readonly place: string;
}

export interface AnyportConfig {
  readonly endpoints: readonly EndpointConfig[];
  readonly tenants: readonly TenantConfig[];
  /** `required`: bubblewrap or nothing; `optional`: a task may ask for none; `none`: commands run unconfined. */
  readonly sandbox: 'required' | 'optional' | 'none';
  /** What a command in the sandbox may take of the host. */
  readonly commands: CommandLimits;
  /** What a command in the sandbox may reach; none: it has no network. */
  readonly network: readonly EgressRule[];
  readonly workspaces: WorkspacesConfig;
  readonly tools: readonly ToolModule[];
  readonly mcpServers: readonly McpServerConfig[];
  /** Where it came from, for messages: a path, or `environment`, or `emulated clouds`. */
  readonly source: string;
  /** The built-in facts with those of the file. */
  readonly catalog: LoadedCatalog;
}
