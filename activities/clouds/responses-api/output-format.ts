/**
 * The schema of a task's answer as the format that a cloud is held to. A cloud promises to keep a part of JSON Schema only; outside of it the
 * schema is sent without that promise. Whatever it promises, the answer is checked by us.
 */
import type { ResponseFormatTextJSONSchemaConfig } from 'openai/resources/responses/responses';
import type { OutputSchema } from '../../../workflows/domain/output-schema.ts';

/** `undefined`: what is no object at its root is refused in every mode, and is asked for in the instructions alone. */
export function renderFormat(outputSchema: OutputSchema): ResponseFormatTextJSONSchemaConfig | undefined {
  const { $schema: _draft, $id: _id, ...schema } = outputSchema;
  if (schema['type'] !== 'object' || '$ref' in schema) return undefined;
  return { type: 'json_schema', name: 'task_output', schema, strict: isKept(schema) };
}

/** What strict mode knows (https://developers.openai.com/api/docs/guides/structured-outputs, 2026-11). */
const KEYWORDS: ReadonlySet<string> = new Set([
  ...['type', 'title', 'description', 'enum', 'const', 'anyOf', '$ref', '$defs', 'definitions'],
  ...['properties', 'required', 'additionalProperties', 'items', 'minItems', 'maxItems'],
  ...['pattern', 'format', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
]);
const FORMATS: ReadonlySet<unknown> = new Set([
  ...['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid'],
]);
const MOST_DEPTH = 10;
const MOST_PROPERTIES = 5000;
const MOST_VALUES = 1000;

/** Whether strict mode takes the schema, by its documented limits. */
function isKept(root: OutputSchema): boolean {
  const count = { properties: 0, values: 0 };
  return (
    !('anyOf' in root) &&
    isKeptPart(root, { depth: 1, count }) &&
    count.properties <= MOST_PROPERTIES &&
    count.values <= MOST_VALUES
  );
}

interface Part {
  readonly depth: number;
  /** Of the whole schema so far. */
  readonly count: { properties: number; values: number };
}

function isKeptPart(schema: unknown, { depth, count }: Part): boolean {
  if (!isRecord(schema) || depth > MOST_DEPTH || !isKeptByItself(schema)) return false;
  count.properties += Object.keys(recordOf(schema['properties'])).length;
  count.values += Array.isArray(schema['enum']) ? schema['enum'].length : 0;
  // What is defined beside the rest is no deeper than it.
  const beside = [...Object.values(recordOf(schema['$defs'])), ...Object.values(recordOf(schema['definitions']))];
  return (
    partsOf(schema).every((part) => isKeptPart(part, { depth: depth + 1, count })) &&
    beside.every((part) => isKeptPart(part, { depth, count }))
  );
}

/** Apart from the schemas within it. */
function isKeptByItself(schema: Readonly<Record<string, unknown>>): boolean {
  const keywords = Object.keys(schema);
  if (!keywords.every((keyword) => KEYWORDS.has(keyword))) return false;
  if ('$ref' in schema) return keywords.length === 1;
  if ('format' in schema && !FORMATS.has(schema['format'])) return false;
  const types = typesOf(schema);
  if (types.includes('object') && !isClosed(schema)) return false;
  if (types.includes('array') && !('items' in schema)) return false;
  return 'type' in schema || 'anyOf' in schema;
}

function partsOf(schema: Readonly<Record<string, unknown>>): readonly unknown[] {
  const either: readonly unknown[] = Array.isArray(schema['anyOf']) ? schema['anyOf'] : [];
  return [...Object.values(recordOf(schema['properties'])), ...('items' in schema ? [schema['items']] : []), ...either];
}

/** Every property is given, and no other. */
function isClosed({ properties, required, additionalProperties }: Readonly<Record<string, unknown>>): boolean {
  const given: readonly unknown[] = Array.isArray(required) ? required : [];
  return additionalProperties === false && isRecord(properties) && Object.keys(properties).every((name) => given.includes(name));
}

function typesOf({ type }: Readonly<Record<string, unknown>>): readonly unknown[] {
  return Array.isArray(type) ? type : [type];
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
