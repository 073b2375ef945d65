/** What a cloud says against the format in which an answer is asked for. */
import { z } from 'zod';
import type { EmulatedEndpoint } from './emulated-endpoints.ts';

const FORMAT = z.strictObject({
  type: z.literal('json_schema'),
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  description: z.string().optional(),
  schema: z.record(z.string(), z.unknown()),
  strict: z.boolean().nullish(),
});

export function problemOfFormat({ structuredOutput }: EmulatedEndpoint, format: unknown): string | undefined {
  if (!structuredOutput) return 'text.format is not supported here';
  const { data, error } = FORMAT.safeParse(format);
  if (data === undefined) return `text.format: ${error.issues[0]?.path.join('.')}: ${error.issues[0]?.message}`;
  if (data.schema['type'] !== 'object')
    return `Invalid schema for response_format '${data.name}': schema must be of type 'object'`;
  const problem = data.strict === true ? problemOfStrict(data.schema, []) : undefined;
  return problem === undefined ? undefined : `Invalid schema for response_format '${data.name}': ${problem}`;
}

const REFUSED = [
  ...['$schema', '$id', 'allOf', 'oneOf', 'not', 'if', 'then', 'else', 'default', 'uniqueItems', 'contains', 'prefixItems'],
  ...['dependentRequired', 'dependentSchemas', 'patternProperties', 'propertyNames', 'minProperties', 'maxProperties'],
  ...['unevaluatedProperties', 'unevaluatedItems', 'minLength', 'maxLength', 'examples'],
];
/** Schemas by name, and those that are or hold schemas themselves. */
const BY_NAME = ['properties', '$defs', 'definitions'];
const WITHIN = ['items', 'anyOf', 'additionalProperties'];

function problemOfStrict(schema: unknown, path: readonly string[]): string | undefined {
  if (Array.isArray(schema)) return first(schema.map((part, index) => problemOfStrict(part, [...path, String(index)])));
  if (typeof schema !== 'object' || schema === null) return undefined;
  const at = `In context=(${path.join(', ')})`;
  const keyword = REFUSED.find((each) => each in schema);
  if (keyword !== undefined) return `${at}, '${keyword}' is not permitted`;
  const problem = 'properties' in schema ? problemOfObject(schema) : undefined;
  if (problem !== undefined) return `${at}, ${problem}`;
  const parts = Object.entries(schema).flatMap(([key, value]: [string, unknown]) => {
    if (WITHIN.includes(key)) return [problemOfStrict(value, [...path, key])];
    if (!BY_NAME.includes(key)) return [];
    return Object.entries(Object(value)).map(([name, part]) => problemOfStrict(part, [...path, key, name]));
  });
  return first(parts);
}

function problemOfObject(schema: object): string | undefined {
  const { properties, required, additionalProperties } = schema as Readonly<Record<string, unknown>>; // any JSON object
  if (additionalProperties !== false) return "'additionalProperties' is required to be supplied and to be false";
  const given: readonly unknown[] = Array.isArray(required) ? required : [];
  const missing = Object.keys(Object(properties)).find((name) => !given.includes(name));
  return missing === undefined ? undefined : `'required' is required to include every key in properties. Missing '${missing}'`;
}

function first(problems: readonly (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined);
}
