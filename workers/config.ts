/** Finds, reads and checks the configuration. Every mistake is told with its place, and all of them at once. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Document } from 'yaml';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { AnyportConfig, EndpointConfig, TenantConfig } from './anyport-config.ts';
import { ConfigError } from './config-error.ts';
import type { Mistake } from './config-mistakes.ts';
import { mistakesOf } from './config-mistakes.ts';
import type { RawConfig } from './config-schema.ts';
import { configSchema } from './config-schema.ts';
import { messageOf } from './describe-problem.ts';
import { configFromEnvironment } from './environment-config.ts';
import type { Environment } from './read-secret.ts';
import { toEndpointConfig } from './to-endpoint-config.ts';
import { toTenantConfig } from './to-tenant-config.ts';

export interface LoadConfigOptions {
  /** Wins over `ANYPORT_CONFIG`. */
  readonly file?: string | undefined;
  readonly environment: Environment;
  readonly workingDirectory: string;
}

/**
 * `file`, else `ANYPORT_CONFIG`, else `./anyport.yaml` when it exists, else the clouds' usual variables. When nothing is
 * configured, the result has no endpoints: `dev` takes the emulated clouds then, and `resolveEndpoints` refuses it. Secrets are
 * not looked for: whoever plans or checks needs none, and a worker may have those of one cloud alone.
 * @throws ConfigError
 */
export function loadConfig({ file, environment, workingDirectory }: LoadConfigOptions): AnyportConfig {
  const named = file ?? (environment['ANYPORT_CONFIG'] === '' ? undefined : environment['ANYPORT_CONFIG']);
  const path = resolve(workingDirectory, named ?? 'anyport.yaml');
  if (named === undefined && !existsSync(path)) return configFromEnvironment(environment);
  return parseConfig(readText(path), path);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError([`the configuration ${path} cannot be read: ${messageOf(error)}; check --config or ANYPORT_CONFIG`]);
  }
}

function parseConfig(text: string, path: string): AnyportConfig {
  const lines = new LineCounter();
  // `prettyErrors` would quote the line, and with it what should have been a variable's name.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  const errors = [...document.errors.map((error) => describeYamlError(error, text)), ...strayAliases(document)];
  if (errors.length > 0) throw new ConfigError(errors.map(({ offset, problem }) => `${at(offset)}: ${problem}`));
  const placeOf = (keys: Mistake['path']): string => at(offsetOf(document, keys));
  const fail = (mistakes: readonly Mistake[]): never => {
    throw new ConfigError(mistakes.map(({ path: keys, problem }) => `${placeOf(keys)}: ${problem}`));
  };
  const parsed = configSchema.safeParse(toPlain(document, fail), { reportInput: true });
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

/** The place of the key that `path` ends in, or of the nearest one above it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of path) {
    if (isSeq(node)) {
      node = node.items[Number(key)];
      if (isScalar(node)) offset = node.range?.[0] ?? offset;
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
  const mistakes: Mistake[] = [];
  const endpoints = Object.entries(raw.endpoints).map(([name, entry]): EndpointConfig => {
    const endpoint = toEndpointConfig(name, entry, (path, problem) => {
      mistakes.push({ path: ['endpoints', name, ...path], problem: `endpoint ${name}: ${problem}` });
    });
    return { ...endpoint, place: placeOf(['endpoints', name, 'auth']) };
  });
  const tenants = Object.entries(raw.tenants ?? {}).map(([name, entry]): TenantConfig => {
    return toTenantConfig(name, entry, {
      endpoints: Object.keys(raw.endpoints),
      report: (path, problem) => mistakes.push({ path: ['tenants', name, ...path], problem: `tenant ${name}: ${problem}` }),
    });
  });
  return { config: { endpoints, tenants, sandbox: raw.sandbox ?? 'required', source }, mistakes };
}
