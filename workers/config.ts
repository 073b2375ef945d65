/** Finds, reads and checks the configuration. Every mistake is told with its place, and all of them at once. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Document } from 'yaml';
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import type { AnyportConfig, EndpointConfig, TenantConfig } from './anyport-config.ts';
import { ConfigError } from './config-error.ts';
import type { Mistake, RawConfig } from './config-schema.ts';
import { configSchema, mistakesOf } from './config-schema.ts';
import { configFromEnvironment } from './environment-config.ts';
import type { Environment } from './read-secret.ts';
import { readSecret, secretsOf } from './read-secret.ts';
import { toEndpointConfig } from './to-endpoint-config.ts';

export interface LoadConfigOptions {
  /** Wins over `ANYPORT_CONFIG`. */
  readonly file?: string;
  readonly environment: Environment;
  readonly workingDirectory: string;
}

/**
 * `file`, else `ANYPORT_CONFIG`, else `./anyport.yaml` when it exists, else the clouds' usual variables. When nothing is
 * configured, the result has no endpoints: `dev` takes the emulated clouds then, and `resolveEndpoints` refuses it.
 * @throws ConfigError
 */
export function loadConfig({ file, environment, workingDirectory }: LoadConfigOptions): AnyportConfig {
  const named = file ?? (environment['ANYPORT_CONFIG'] === '' ? undefined : environment['ANYPORT_CONFIG']);
  const path = resolve(workingDirectory, named ?? 'anyport.yaml');
  if (named === undefined && !existsSync(path)) return configFromEnvironment(environment);
  return parseConfig(readText(path), path, environment);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new ConfigError([`the configuration ${path} cannot be read: ${words}; check --config or ANYPORT_CONFIG`]);
  }
}

function parseConfig(text: string, path: string, environment: Environment): AnyportConfig {
  const lines = new LineCounter();
  // `prettyErrors` would quote the line, and with it what should have been a variable's name.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  if (document.errors.length > 0) {
    throw new ConfigError(document.errors.map((error) => `${at(error.pos[0])}: ${describeYamlError(error, text)}`));
  }
  const fail = (mistakes: readonly Mistake[]): never => {
    throw new ConfigError(mistakes.map(({ path: keys, problem }) => `${at(offsetOf(document, keys))}: ${problem}`));
  };
  const parsed = configSchema.safeParse(toPlain(document, fail));
  if (!parsed.success) return fail(mistakesOf(parsed.error.issues));
  const { config, mistakes } = toConfig(parsed.data, path, environment);
  return mistakes.length === 0 ? config : fail(mistakes);
}

/** An alias that is never defined is found only here. */
function toPlain(document: Document, fail: (mistakes: readonly Mistake[]) => never): unknown {
  try {
    return document.toJS();
  } catch (error) {
    return fail([{ path: [], problem: error instanceof Error ? error.message : String(error) }]);
  }
}

function describeYamlError({ code, message, pos }: Document['errors'][number], text: string): string {
  if (code !== 'DUPLICATE_KEY') return `this is not valid YAML: ${message}`;
  const key = /^["']?([^\s:"']+)/.exec(text.slice(pos[0]))?.[1] ?? '';
  return `"${key}" is there twice: endpoints, models and keys have one entry each; rename or remove one`;
}

/** The place of the key that `path` ends in, or of the nearest one above it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of path) {
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
  environment: Environment,
): { config: AnyportConfig; mistakes: readonly Mistake[] } {
  const mistakes: Mistake[] = [];
  const endpoints = Object.entries(raw.endpoints).map(([name, entry]): EndpointConfig => {
    const endpoint = toEndpointConfig(name, entry, (path, problem) => {
      mistakes.push({ path: ['endpoints', name, ...path], problem: `endpoint ${name}: ${problem}` });
    });
    mistakes.push(...missingSecrets(endpoint, environment));
    return endpoint;
  });
  const tenants = Object.entries(raw.tenants ?? {}).map(([name, { standardCloud, order, budget }]): TenantConfig => {
    const named = [...(standardCloud === undefined ? [] : [standardCloud]), ...(order ?? [])];
    return { name, cloudOrder: [...new Set(named)], ...(budget === undefined ? {} : { budget }) };
  });
  return { config: { endpoints, tenants, sandbox: raw.sandbox ?? 'required', source }, mistakes };
}

function missingSecrets(endpoint: EndpointConfig, environment: Environment): readonly Mistake[] {
  return secretsOf(endpoint.auth).flatMap((reference) => {
    const read = readSecret(reference, environment);
    return 'problem' in read
      ? [{ path: ['endpoints', endpoint.name, 'auth'], problem: `endpoint ${endpoint.name}: ${read.problem}` }]
      : [];
  });
}
