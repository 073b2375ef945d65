/**
 * How a user describes a tool of their own; `anyport/worker` exports it. What is wrong with the description is told where it is written,
 * when the worker starts; what goes wrong in a call is told to the model.
 */
import type { ZodType } from 'zod';
import type { ToolDefinition, ToolRetryClass, ToolRisk } from '../../workflows/domain/tool-call.ts';
import type { ToolImage, ToolInput } from '../../workflows/domain/transcript.ts';
import type { CallContext } from './added-tools.ts';
import type { Arguments } from './read-arguments.ts';
import { parametersOf, readArgumentsLater } from './read-arguments.ts';
import { toToolParameters } from './tool-parameters.ts';

/** What a tool's `run` is told of the call. */
export type ToolCallContext = CallContext;

/** What a tool answers: what the model is to read, or that and more. */
export type ToolAnswer =
  | string
  | {
      readonly output: string;
      /** `failed`: it did not come to what was asked. Default: `ok`. */
      readonly outcome?: 'ok' | 'failed';
      /** Shown to the model after the output, where it can see. */
      readonly images?: readonly ToolImage[];
    };

export interface ToolDescription<Args> {
  /** Letters, digits, "_" and "-", at most 64. */
  readonly name: string;
  /** What the model reads to decide when, and how, to call it. */
  readonly description: string;
  /** A `z.object(…)`; what is described in it by `.describe(…)` is told to the model. */
  readonly parameters: ZodType<Args>;
  /** What approvals go by. Default: `external`. */
  readonly risk?: ToolRisk;
  /** What may happen when a worker dies during a call. Default: `external`, it is never run again. */
  readonly retryClass?: ToolRetryClass;
  /** A call that takes longer is given up. Default: five minutes. */
  readonly timeoutMs?: number;
  run(args: Args, context: ToolCallContext): ToolAnswer | Promise<ToolAnswer>;
}

/** Also across two copies of this package. */
const MARK = Symbol.for('anyport.tool');

/** A tool as `defineTool` made it; whoever loads it gives it to a worker. */
export interface OwnTool {
  readonly [MARK]: true;
  readonly definition: ToolDefinition;
  readonly risk: ToolRisk;
  readonly retryClass: ToolRetryClass;
  readonly timeoutMs: number;
  /** The arguments, or words for the model; `call` is what is left to do. */
  read(input: ToolInput): Promise<Arguments<OwnCall>>;
}

/** A call whose arguments are as they should be. What it answers may be anything: types are not checked where it was written. */
export type OwnCall = (context: ToolCallContext) => unknown;

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** Of tools of MCP servers. */
export const SERVER_PREFIX = 'mcp__';
const RETRY_CLASSES: readonly string[] = ['read-only', 'workspace', 'external'] satisfies ToolRetryClass[];
const RISKS: readonly string[] = ['none', 'workspace', 'external'] satisfies ToolRisk[];
/** "Expected a string with maximum length 1024": some clouds refuse more, and with it the whole turn. */
const LONGEST_DESCRIPTION = 1_024;
const NO_SCHEMA = 'its parameters must be a z.object(…) of zod 4';
/** Longer than a service takes to answer, shorter than a person waits. */
const DEFAULT_TIMEOUT_MS = 5 * 60_000;
/** The activity that runs a call is given up after two hours. */
const LONGEST_TIMEOUT_MS = 110 * 60_000;

/** A tool of your own. @throws TypeError with words when the description cannot be used */
export function defineTool<Args>(description: ToolDescription<Args>): OwnTool {
  const { name, risk = 'external', retryClass = 'external', timeoutMs = DEFAULT_TIMEOUT_MS, parameters } = description;
  const problem = problemOf({ ...description, risk, retryClass, timeoutMs });
  if (problem !== undefined) throw new TypeError(`tool ${JSON.stringify(name)}: ${problem}`);
  return {
    [MARK]: true,
    definition: {
      name,
      description: description.description,
      form: { kind: 'function', parameters: schemaOf(name, parameters) },
    },
    ...{ risk, retryClass, timeoutMs },
    async read(input) {
      const parsed = await readArgumentsLater(name, parameters, input);
      if (parsed.kind === 'invalid') return parsed;
      // `this` is the author's own object, as they wrote it.
      return { kind: 'valid', value: (context) => description.run(parsed.value, context) };
    },
  };
}

export function isOwnTool(value: unknown): value is OwnTool {
  return typeof value === 'object' && value !== null && MARK in value;
}

type Checked = Required<Omit<ToolDescription<unknown>, 'run' | 'parameters'>> & Record<'run' | 'parameters', unknown>;

/** A description may come from a file without types. */
function problemOf({ name, description, parameters, risk, retryClass, timeoutMs, run }: Checked): string | undefined {
  const rules: readonly (readonly [isBroken: () => boolean, problem: string])[] = [
    [() => typeof name !== 'string' || !NAME.test(name), 'its name must be 1 to 64 letters, digits, "_" and "-"'],
    [() => name.startsWith(SERVER_PREFIX), `names that begin with ${SERVER_PREFIX} are those of MCP servers: rename it`],
    [
      () => typeof description !== 'string' || description.trim() === '',
      'its description is missing: a model decides by it when to call the tool',
    ],
    [() => description.length > LONGEST_DESCRIPTION, `its description must have at most ${LONGEST_DESCRIPTION} characters`],
    [() => typeof run !== 'function', 'its run is no function'],
    [() => !isSchema(parameters), NO_SCHEMA],
    [() => !RISKS.includes(risk), `its risk must be one of ${RISKS.join(', ')}`],
    [() => !RETRY_CLASSES.includes(retryClass), `its retryClass must be one of ${RETRY_CLASSES.join(', ')}`],
    [
      () => risk === 'none' && retryClass === 'workspace',
      'it changes the workspace, as its retryClass says, so that its risk cannot be none',
    ],
    [
      () => !(timeoutMs > 0 && timeoutMs <= LONGEST_TIMEOUT_MS),
      `its timeoutMs must be above 0 and at most ${LONGEST_TIMEOUT_MS}`,
    ],
  ];
  return rules.find(([isBroken]) => isBroken())?.[1];
}

/** Older schemas, and those of other libraries, have no `_zod`. */
function isSchema(parameters: unknown): boolean {
  return typeof parameters === 'object' && parameters !== null && '_zod' in parameters && 'safeParseAsync' in parameters;
}

function schemaOf(name: string, parameters: ZodType): Readonly<Record<string, unknown>> {
  const schema = jsonSchemaOf(name, parameters);
  if (schema['type'] !== 'object') throw new TypeError(`tool "${name}": ${NO_SCHEMA}`);
  return schema;
}

function jsonSchemaOf(name: string, parameters: ZodType): Readonly<Record<string, unknown>> {
  try {
    return toToolParameters(parametersOf(parameters));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new TypeError(`tool "${name}": no JSON schema can be made of its parameters: ${detail}`, { cause: error });
  }
}
