/**
 * Our tools in the schema of functions that an action group has: at most five parameters, each a scalar with a plain name. What cannot be
 * said so (nested objects, lists, alternatives) is one text parameter with the arguments as JSON, whose schema stands in the instructions.
 */
import type { FunctionDefinition, ParameterDetail } from '@aws-sdk/client-bedrock-agent-runtime';
import { z } from 'zod';
import type { ToolDefinition } from '../../../workflows/domain/tool-call.ts';
import type { ToolInput } from '../../../workflows/domain/transcript.ts';

/** Quota "Parameters per function" of Agents Classic, 2026-11. */
const MAX_PARAMETERS = 5;
const FUNCTION_DESCRIPTION_CHARACTERS = 1_200;
const PARAMETER_DESCRIPTION_CHARACTERS = 500;
/** Of functions and of parameters: no two `_` or `-` in a row, none in front. */
const NAME = /^(?:[0-9a-zA-Z][_-]?){1,100}$/;
const ONE_INPUT = 'input';

const PROPERTY = z.strictObject({
  type: z.enum(['string', 'number', 'integer', 'boolean']),
  description: z.string().optional(),
  title: z.string().optional(),
  enum: z.array(z.union([z.string(), z.number()])).optional(),
});
/** Whatever says more than this is said in JSON, so that nothing of it is lost. */
const FLAT = z.strictObject({
  type: z.literal('object'),
  properties: z.record(z.string().regex(NAME), PROPERTY).default({}),
  required: z.array(z.string()).default([]),
  additionalProperties: z.boolean().optional(),
  description: z.string().optional(),
  title: z.string().optional(),
  $schema: z.string().optional(),
});

export interface WireTool {
  /** Its name at the service. */
  readonly wireName: string;
  readonly tool: ToolDefinition;
  /** `flat`: its parameters are its own; `json`, `text`: it has one, which holds the arguments, or the input of a freeform tool. */
  readonly form: 'flat' | 'json' | 'text';
  readonly definition: FunctionDefinition;
}

export function toWireTools(tools: readonly ToolDefinition[]): readonly WireTool[] {
  const taken = new Set(tools.map(({ name }) => name).filter((name) => NAME.test(name)));
  return tools.map((tool) => {
    const wireName = NAME.test(tool.name) ? tool.name : toFreeName(tool.name, taken);
    taken.add(wireName);
    const { form, parameters } = toParameters(tool);
    const description = cut(tool.description, FUNCTION_DESCRIPTION_CHARACTERS);
    return {
      wireName,
      tool,
      form,
      definition: { name: wireName, ...(description === '' ? {} : { description }), parameters },
    };
  });
}

/** Schemas of the tools whose arguments are JSON; a description is too short for them. */
export function describeJsonTools(tools: readonly WireTool[]): readonly string[] {
  return tools.flatMap(({ wireName, form, tool }) =>
    form === 'json' && tool.form.kind === 'function'
      ? [
          `The parameter \`${ONE_INPUT}\` of ${wireName} is one JSON object of this JSON Schema: ${JSON.stringify(tool.form.parameters)}`,
        ]
      : [],
  );
}

/** Derived from the tools alone, so that a later call of the same plan finds the same names. */
function toFreeName(name: string, taken: ReadonlySet<string>): string {
  const plain = name
    .replaceAll(/[^0-9a-zA-Z]+/g, '_')
    .replace(/^_/, '')
    .slice(0, 90);
  const base = plain === '' ? 'tool' : plain;
  let free = base;
  for (let number = 2; taken.has(free); number += 1) free = `${base.replace(/_$/, '')}_${number}`;
  return free;
}

function toParameters({
  form,
}: ToolDefinition): Pick<WireTool, 'form'> & { readonly parameters: Record<string, ParameterDetail> } {
  if (form.kind === 'freeform') return { form: 'text', parameters: oneInput('The whole input, as plain text.') };
  const flat = FLAT.safeParse(form.parameters).data;
  if (flat === undefined || Object.keys(flat.properties).length > MAX_PARAMETERS) {
    return { form: 'json', parameters: oneInput('The arguments: one JSON object, as text. Its schema is in the instructions.') };
  }
  const parameters = Object.entries(flat.properties).map(([name, property]): [string, ParameterDetail] => {
    const options = property.enum === undefined ? [] : [`One of: ${property.enum.join(', ')}.`];
    const text = [property.description ?? property.title ?? '', ...options].filter((part) => part !== '').join(' ');
    const description = cut(text, PARAMETER_DESCRIPTION_CHARACTERS);
    const required = flat.required.includes(name);
    return [name, { type: property.type, required, ...(description === '' ? {} : { description }) }];
  });
  return { form: 'flat', parameters: Object.fromEntries(parameters) };
}

function oneInput(description: string): Record<string, ParameterDetail> {
  return { [ONE_INPUT]: { type: 'string', required: true, description } };
}

export interface WireParameter {
  readonly name?: string | undefined;
  readonly type?: string | undefined;
  readonly value?: string | undefined;
}

/** The service writes every value as text, beside its type. */
export function toToolInput(parameters: readonly WireParameter[], known: WireTool | undefined): ToolInput {
  const [only] = parameters;
  const isOneInput = parameters.length === 1 && only?.name === ONE_INPUT;
  if (isOneInput && known?.form === 'text') return { kind: 'text', text: only.value ?? '' };
  // What the model wrote, even if it is no JSON: whoever runs the tool tells it so.
  if (isOneInput && known?.form === 'json') return { kind: 'json', text: only.value ?? '' };
  const values = parameters.map(({ name, type, value }) => [name ?? '', toValue(type, value ?? '')] as const);
  return { kind: 'json', text: JSON.stringify(Object.fromEntries(values)) };
}

function toValue(type: string | undefined, text: string): unknown {
  if (type === undefined || type === 'string') return text;
  const value = parse(text);
  const isIt: Readonly<Record<string, boolean>> = {
    number: typeof value === 'number',
    integer: Number.isInteger(value),
    boolean: typeof value === 'boolean',
    array: Array.isArray(value),
    object: typeof value === 'object' && value !== null && !Array.isArray(value),
  };
  return isIt[type] === true ? value : text;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function cut(text: string, characters: number): string {
  return text.slice(0, characters).toWellFormed();
}
