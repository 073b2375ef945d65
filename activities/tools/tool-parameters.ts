/**
 * The parameters of tools that others wrote, as every cloud takes them. One schema that a cloud refuses takes the whole request of a turn with
 * it. What is loosened here whoever has the tool checks for itself.
 */
type Schema = Readonly<Record<string, unknown>>;

/** Refused at the top: "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level". */
const NOT_AT_TOP = ['oneOf', 'anyOf', 'allOf', 'enum', 'not'];
/** Below these are values, not schemas. */
const VALUES = new Set(['enum', 'const', 'default', 'examples']);
/** Below these are schemas by name, and a name may be that of a keyword. */
const MAPS = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);

/** An object's schema; `properties` is asked for, where the standard does not. */
export function toToolParameters({ $schema: _draft, ...schema }: Schema): Schema {
  const top = Object.fromEntries(Object.entries(schema).filter(([key]) => !NOT_AT_TOP.includes(key)));
  return { properties: {}, ...normalized(top) };
}

/** "array schema missing items" is refused, and the list of schemas that older drafts have there. */
function normalized(schema: Schema): Schema {
  const parts = Object.entries(schema).map(([key, value]) => [key, normalizedValue(key, value)] as const);
  const { items, additionalItems, ...rest } = Object.fromEntries(parts);
  if (Array.isArray(items)) return { ...rest, prefixItems: items, items: additionalItems ?? {} };
  if (items !== undefined) return { ...rest, items };
  return rest['type'] === 'array' ? { ...rest, items: {} } : rest;
}

function normalizedValue(key: string, value: unknown): unknown {
  if (VALUES.has(key)) return value;
  if (!MAPS.has(key) || !isObject(value)) return normalizedPart(value);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, normalizedPart(part)]));
}

function normalizedPart(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalizedPart);
  return isObject(value) ? normalized(value) : value;
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
