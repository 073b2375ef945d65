/**
 * A configuration without a file: a cloud whose usual variables are set is used. Its models are those of `ANYPORT_MODELS`
 * (comma-separated), by default the one below, under the names that the cloud gives them; on Azure, where everyone names
 * deployments, `AZURE_OPENAI_DEPLOYMENTS` says `MODEL=DEPLOYMENT,…`, or `AZURE_OPENAI_DEPLOYMENT` names that of the first model.
 */
import { loadCatalog } from '../activities/catalog/load-catalog.ts';
import { momentOf } from '../activities/eligibility/tenant-eligibility.ts';
import type { Cloud } from '../workflows/domain/route.ts';
import type { AnyportConfig, EndpointConfig } from './anyport-config.ts';
import { toCommandLimits } from './commands-schema.ts';
import { ConfigError } from './config-error.ts';
import type { Report } from './config-mistakes.ts';
import type { RawEndpoint } from './config-schema.ts';
import { NAME, REGION_FORM } from './config-schema.ts';
import type { Environment } from './read-secret.ts';
import { toEndpointConfig } from './to-endpoint-config.ts';
import { toWorkspacesConfig } from './workspaces-schema.ts';

const DEFAULT_MODELS = 'gpt-6.1-sol';
/** Variables that say that the AWS chain will find credentials; a region alone says nothing. */
const AWS_CREDENTIALS = [
  'AWS_BEARER_TOKEN_BEDROCK',
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
];

/** The one part of such an endpoint that may be of a wrong form, besides its region and what is checked where it is read. */
const ADDRESS_VARIABLES = {
  openai: 'OPENAI_BASE_URL',
  azure: 'AZURE_OPENAI_ENDPOINT',
  aws: 'AWS_BEDROCK_BASE_URL',
  google: 'GOOGLE_CLOUD_PROJECT',
} as const satisfies Record<Cloud, string>;

type Found = RawEndpoint & { readonly name: string };

/** @throws ConfigError naming the variables that are wrong */
export function configFromEnvironment(environment: Environment): AnyportConfig {
  const read = (name: string): string | undefined => {
    const value = environment[name]?.trim();
    return value === '' ? undefined : value;
  };
  const problems: string[] = [];
  const found = [openai(read), azure(read, problems), aws(read), google(read)].filter((entry) => entry !== undefined);
  const { problems: _none, ...catalog } = loadCatalog();
  const context = { catalog: catalog.catalog, at: momentOf({ loaded: catalog }, Date.now()) };
  const endpoints = found.map(({ name, ...raw }): EndpointConfig => {
    const report: Report = ([key], problem) => problems.push(`${variableOf(raw.cloud, key, read)}: ${problem}`);
    return toEndpointConfig(name, raw, { ...context, report });
  });
  if (found.length > 0 && modelsOf(read).length === 0) problems.push('ANYPORT_MODELS names no model: unset it, or list some');
  for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'GOOGLE_CLOUD_LOCATION']) {
    const region = read(name);
    if (region !== undefined && !NAME.test(region) && found.some((entry) => entry.region === region))
      problems.push(`${name} ${REGION_FORM}, not ${JSON.stringify(region)}`);
  }
  // What is wrong with an endpoint is told for each of its models.
  if (problems.length > 0) throw new ConfigError([...new Set(problems)]);
  return {
    endpoints,
    tenants: [],
    sandbox: 'required',
    commands: toCommandLimits(),
    network: [],
    workspaces: toWorkspacesConfig(),
    tools: [],
    mcpServers: [],
    source: 'environment',
    catalog,
  };
}

type Read = (name: string) => string | undefined;

function variableOf(cloud: Cloud, key: string | number | undefined, read: Read): string {
  if (key === 'deployments' && cloud !== 'azure') return 'ANYPORT_MODELS';
  if (key !== 'region') return ADDRESS_VARIABLES[cloud];
  if (cloud === 'google') return 'GOOGLE_CLOUD_LOCATION';
  return read('AWS_REGION') === undefined ? 'AWS_DEFAULT_REGION' : 'AWS_REGION';
}

function modelsOf(read: Read): readonly string[] {
  return listOf(read('ANYPORT_MODELS') ?? DEFAULT_MODELS);
}

function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function namedAs(read: Read, wireModel: (model: string) => string): Record<string, string> {
  return Object.fromEntries(modelsOf(read).map((model) => [model, wireModel(model)]));
}

function openai(read: Read): Found | undefined {
  if (read('OPENAI_API_KEY') === undefined) return undefined;
  const baseUrl = read('OPENAI_BASE_URL');
  return {
    name: 'openai',
    cloud: 'openai',
    ...(baseUrl === undefined ? {} : { baseUrl }),
    deployments: namedAs(read, (model) => model),
  };
}

function azure(read: Read, problems: string[]): Found | undefined {
  const address = read('AZURE_OPENAI_ENDPOINT');
  if (address === undefined || read('AZURE_OPENAI_API_KEY') === undefined) return undefined;
  const trimmed = address.replace(/\/+$/, '');
  const baseUrl = trimmed.endsWith('/openai/v1') ? `${trimmed}/` : `${trimmed}/openai/v1/`;
  return { name: 'azure', cloud: 'azure', baseUrl, deployments: azureDeployments(read, problems) };
}

function azureDeployments(read: Read, problems: string[]): Record<string, string> {
  const list = read('AZURE_OPENAI_DEPLOYMENTS');
  const [first] = modelsOf(read);
  const only = read('AZURE_OPENAI_DEPLOYMENT');
  if (list === undefined) {
    return only === undefined || first === undefined ? namedAs(read, (model) => model) : { [first]: only };
  }
  const pairs = listOf(list).map((pair) => pair.split('=').map((part) => part.trim()));
  if (pairs.length === 0 || pairs.some((pair) => pair.length !== 2 || pair.includes(''))) {
    problems.push('AZURE_OPENAI_DEPLOYMENTS must be MODEL=DEPLOYMENT, several separated by commas');
  }
  return Object.fromEntries(pairs.map(([model = '', deployment = '']) => [model, deployment]));
}

function aws(read: Read): Found | undefined {
  const region = read('AWS_REGION') ?? read('AWS_DEFAULT_REGION');
  if (region === undefined || !AWS_CREDENTIALS.some((name) => read(name) !== undefined)) return undefined;
  const bearer = read('AWS_BEARER_TOKEN_BEDROCK') === undefined ? {} : { auth: { bearerTokenEnv: 'AWS_BEARER_TOKEN_BEDROCK' } };
  const baseUrl = read('AWS_BEDROCK_BASE_URL');
  return {
    name: `aws-${region}`,
    cloud: 'aws',
    region,
    ...bearer,
    ...(baseUrl === undefined ? {} : { baseUrl }),
    deployments: namedAs(read, (model) => `openai.${model}`),
  };
}

/** Application default credentials may lie in gcloud's own folder or come from the machine: the project alone decides. */
function google(read: Read): Found | undefined {
  const project = read('GOOGLE_CLOUD_PROJECT');
  if (project === undefined) return undefined;
  const region = read('GOOGLE_CLOUD_LOCATION') ?? 'global';
  return { name: `google-${region}`, cloud: 'google', project, region, deployments: namedAs(read, (model) => model) };
}
