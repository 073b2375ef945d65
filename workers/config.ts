/** Finds, reads and checks the configuration. Every mistake is told with its place, and all of them at once. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Document } from 'yaml';
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { CatalogProblem } from '../activities/catalog/facts.ts';
import { loadCatalog } from '../activities/catalog/load-catalog.ts';
import { momentOf } from '../activities/eligibility/tenant-eligibility.ts';
import type { AnyportConfig, EndpointConfig, McpServerConfig, TenantConfig, ToolModule } from './anyport-config.ts';
import { toCommandLimits } from './commands-schema.ts';
import { createTenantCheck } from './check-tenant.ts';
import { ConfigError } from './config-error.ts';
import type { Mistake, Report } from './config-mistakes.ts';
import { mistakesOf } from './config-mistakes.ts';
import type { RawConfig } from './config-schema.ts';
import { configSchema, schemaWithoutEndpoints } from './config-schema.ts';
import { messageOf } from './describe-problem.ts';
import { configFromEnvironment } from './environment-config.ts';
import type { Environment } from './read-secret.ts';
import { toAllowList, toTenantAllowList } from './network-schema.ts';
import { toEndpointConfig } from './to-endpoint-config.ts';
import { toMcpServer } from './to-mcp-servers.ts';
import { toTenantConfig } from './to-tenant-config.ts';
import { toWorkspacesConfig } from './workspaces-schema.ts';

export interface LoadConfigOptions {
  /** Wins over `ANYPORT_CONFIG`. */
  readonly file?: string | undefined;
  readonly environment: Environment;
  readonly workingDirectory: string;
  /** `optional`: for programs that only ask who may serve, which a file with tenants or a catalog alone can tell. */
  readonly endpoints?: 'needed' | 'optional';
}

/**
 * `file`, else `ANYPORT_CONFIG`, else `./anyport.yaml` when it exists, else the clouds' usual variables. When nothing is
 * configured, the result has no endpoints: `dev` takes the emulated clouds then, and `resolveEndpoints` refuses it. Secrets are
 * not looked for: whoever plans or checks needs none, and a worker may have those of one cloud alone.
 * @throws ConfigError
 */
export function loadConfig({ file, environment, workingDirectory, endpoints = 'needed' }: LoadConfigOptions): AnyportConfig {
  const named = file ?? (environment['ANYPORT_CONFIG'] === '' ? undefined : environment['ANYPORT_CONFIG']);
  const path = resolve(workingDirectory, named ?? 'anyport.yaml');
  if (named === undefined && !existsSync(path)) return configFromEnvironment(environment);
  return parseConfig(readText(path), path, endpoints === 'needed' ? configSchema : schemaWithoutEndpoints);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError([`the configuration ${path} cannot be read: ${messageOf(error)}; check --config or ANYPORT_CONFIG`]);
  }
}

function parseConfig(text: string, path: string, schema: typeof configSchema | typeof schemaWithoutEndpoints): AnyportConfig {
  const lines = new LineCounter();
  // `prettyErrors` would quote the line, and with it what should have been a variable's name.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  const errors = [
    ...document.errors.map((error) => describeYamlError(error, text)),
    ...strayAliases(document),
    ...lostKeys(document),
  ];
  if (errors.length > 0) throw new ConfigError(errors.map(({ offset, problem }) => `${at(offset)}: ${problem}`));
  const placeOf = (keys: Mistake['path']): string => at(offsetOf(document, keys));
  const fail = (mistakes: readonly Mistake[]): never => {
    throw new ConfigError(mistakes.map(({ path: keys, problem }) => `${placeOf(keys)}: ${problem}`));
  };
  const parsed = schema.safeParse(toPlain(document, fail), { reportInput: true });
  if (!parsed.success) return fail(mistakesOf(parsed.error.issues));
  const { config, mistakes } = toConfig(parsed.data, path, placeOf);
  return mistakes.length === 0 ? config : fail(mistakes);
}

/** What a file of a few lines may still hide, such as aliases that grow without end, is found only here. */
function toPlain(document: Document, fail: (mistakes: readonly Mistake[]) => never): unknown {
  try {
    return document.toJS();
  } catch (error) {
    return fail([{ path: [], problem: messageOf(error) }]);
  }
}

interface YamlProblem {
  readonly offset: number;
  readonly problem: string;
}

function describeYamlError({ code, message, pos }: Document['errors'][number], text: string): YamlProblem {
  const [offset] = pos;
  if (code === 'MULTIPLE_DOCS')
    return { offset, problem: 'a second document begins here: remove the line "---" or what follows' };
  if (code !== 'DUPLICATE_KEY') return { offset, problem: `this is not valid YAML: ${message}` };
  const key = /^["']?([^\s:"']+)/.exec(text.slice(offset))?.[1] ?? '';
  return { offset, problem: `"${key}" is there twice: endpoints, models and keys have one entry each; rename or remove one` };
}

/** A value that begins with "*" and needs quotes, most of the time. */
function strayAliases(document: Document.Parsed): readonly YamlProblem[] {
  const found: YamlProblem[] = [];
  visit(document, {
    Alias: (_key, node) => {
      if (node.resolve(document) !== undefined) return;
      const problem = `*${node.source} refers to an anchor that is not set before: put quotes around it if it is a value`;
      found.push({ offset: node.range?.[0] ?? 0, problem });
    },
  });
  return found;
}

/** A key that no object of JavaScript keeps: what stands under it would have no effect, and nobody would be told. */
function lostKeys(document: Document.Parsed): readonly YamlProblem[] {
  const found: YamlProblem[] = [];
  visit(document, {
    Pair: (_key, { key }) => {
      const node = isAlias(key) ? key.resolve(document) : key;
      if (!isScalar(node) || node.value !== '__proto__' || !isNode(key)) return;
      found.push({ offset: key.range?.[0] ?? 0, problem: '"__proto__" cannot be a key or a name: rename or remove it' });
    },
  });
  return found;
}

/** The place of the key that `path` ends in, or of the nearest one above it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of path) {
    if (isSeq(node)) {
      node = node.items[Number(key)];
      if (isNode(node)) offset = node.range?.[0] ?? offset;
      continue;
    }
    const pair = isMap(node)
      ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key))
      : undefined;
    if (pair === undefined) break;
    if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
    node = pair.value;
  }
  return offset;
}

function toConfig(
  raw: RawConfig,
  source: string,
  placeOf: (path: Mistake['path']) => string,
): { config: AnyportConfig; mistakes: readonly Mistake[] } {
  const { problems, ...catalog } = loadCatalog(raw.catalog);
  const mistakes: Mistake[] = problems.map(toMistake);
  const reportAt = (kind: 'endpoint' | 'tenant' | 'mcpServer', name: string): Report => {
    return (path, problem) => mistakes.push({ path: [`${kind}s`, name, ...path], problem: `${kind} ${name}: ${problem}` });
  };
  const context = { catalog: catalog.catalog, at: momentOf({ loaded: catalog }, Date.now()) };
  const endpoints = Object.entries(raw.endpoints ?? {}).map(([name, entry]): EndpointConfig => {
    const endpoint = toEndpointConfig(name, entry, { ...context, report: reportAt('endpoint', name) });
    return { ...endpoint, place: placeOf(['endpoints', name, 'auth']) };
  });
  const network = toAllowList(raw.network, (path, problem) => mistakes.push({ path, problem }));
  const checkTenant = createTenantCheck(catalog.catalog, endpoints);
  const tenants = Object.entries(raw.tenants ?? {}).map(([name, entry]): TenantConfig => {
    checkTenant(entry, reportAt('tenant', name));
    const own = toTenantAllowList(entry.network, network, reportAt('tenant', name));
    return { ...toTenantConfig(name, entry), ...(own === undefined ? {} : { network: own }) };
  });
  const workspaces = toWorkspacesConfig(raw.workspaces);
  const commands = toCommandLimits(raw.commands);
  const tools = (raw.tools ?? []).map((path, index): ToolModule => {
    return { path: resolve(dirname(source), path), place: placeOf(['tools', index]) };
  });
  const mcpServers = Object.entries(raw.mcpServers ?? {}).map(([name, entry]): McpServerConfig => {
    return toMcpServer(name, entry, { source, tenants: Object.keys(raw.tenants ?? {}), report: reportAt('mcpServer', name) });
  });
  const config = {
    endpoints,
    tenants,
    sandbox: raw.sandbox ?? 'required',
    commands,
    network,
    workspaces,
    tools,
    mcpServers,
    source,
    catalog,
  };
  return { config, mistakes: withoutRepetition(mistakes) };
}

function toMistake({ path, problem }: CatalogProblem): Mistake {
  const keys = ['catalog', ...path];
  return { path: keys, problem: `${keys.join('.')}: ${problem}` };
}

/** What an endpoint says of all its deployments is wrong for each of them. */
function withoutRepetition(mistakes: readonly Mistake[]): readonly Mistake[] {
  return [...new Map(mistakes.map((mistake) => [JSON.stringify(mistake), mistake])).values()];
}
