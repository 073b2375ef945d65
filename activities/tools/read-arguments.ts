import type { ZodType } from 'zod';
import { z } from 'zod';
import type { ToolInput } from '../../workflows/domain/transcript.ts';

export type Arguments<T> = { readonly kind: 'valid'; readonly value: T } | { readonly kind: 'invalid'; readonly problem: string };

/** A function tool's arguments, or what is wrong with them in words that let the model do better. */
export function readArguments<T>(tool: string, schema: ZodType<T>, input: ToolInput): Arguments<T> {
  const json = readJson(tool, input);
  if (json.kind === 'invalid') return json;
  const asWritten = schema.safeParse(json.value);
  // Models write null for what they leave out.
  return toArguments({ tool, schema }, asWritten.success ? asWritten : schema.safeParse(withoutNulls(json.value)));
}

/** The same by a schema that may have to wait for its answer. */
export async function readArgumentsLater<T>(tool: string, schema: ZodType<T>, input: ToolInput): Promise<Arguments<T>> {
  const json = readJson(tool, input);
  if (json.kind === 'invalid') return json;
  const asWritten = await schema.safeParseAsync(json.value);
  return toArguments({ tool, schema }, asWritten.success ? asWritten : await schema.safeParseAsync(withoutNulls(json.value)));
}

/** An input of nothing is an object of nothing. */
export function readJson(tool: string, input: ToolInput): Arguments<unknown> {
  try {
    return { kind: 'valid', value: JSON.parse(input.text.trim() === '' ? '{}' : input.text) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return {
      kind: 'invalid',
      problem: `The arguments of ${tool} are not valid JSON (${detail}). Call it again with one JSON object.`,
    };
  }
}

function toArguments<T>(
  { tool, schema }: { readonly tool: string; readonly schema: ZodType<T> },
  parsed: z.ZodSafeParseResult<T>,
): Arguments<T> {
  if (parsed.success) return { kind: 'valid', value: parsed.data };
  const problems = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  );
  return {
    kind: 'invalid',
    problem: `The arguments of ${tool} are not as it needs them: ${problems.join('; ')}. ${fieldsOf(schema)}`,
  };
}

function withoutNulls(raw: unknown): unknown {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return raw;
  return Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null));
}

/** The JSON Schema that a model is told. */
export function parametersOf(schema: ZodType): Readonly<Record<string, unknown>> {
  const { $schema: _dialect, ...parameters } = z.toJSONSchema(schema, { io: 'input' });
  return parameters;
}

function fieldsOf(schema: ZodType): string {
  const { properties } = z.toJSONSchema(schema, { io: 'input' });
  return `Its fields are: ${Object.keys(properties ?? {}).join(', ')}.`;
}
