/** Conversations that the emulated model follows: JSON files that a user can write. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const TOOL_CALL = z.strictObject({
  name: z.string().min(1),
  /** Text: a freeform call; an object: a function call's arguments. */
  input: z.union([z.string(), z.record(z.string(), z.unknown())]),
});

/** Asked of whoever uses a managed agent, before it calls a tool of an MCP server; a model by itself knows no such thing. */
const MCP_APPROVAL = z.strictObject({
  server: z.string().min(1),
  tool: z.string().min(1),
  arguments: z.record(z.string(), z.unknown()).optional(),
});

const TURN = z.strictObject({
  text: z.string().optional(),
  toolCalls: z.array(TOOL_CALL).optional(),
  mcpApproval: MCP_APPROVAL.optional(),
  /** A managed agent runs it first in an environment of its own; nobody is asked, and nobody else has what comes of it. */
  ownCommand: z.string().min(1).optional(),
});

const SCRIPT = z.array(
  z.strictObject({ when: z.strictObject({ inputContains: z.string().min(1) }), turns: z.array(TURN).min(1) }),
);

export type ConversationScript = z.infer<typeof SCRIPT>;
export type ScriptedTurn = z.infer<typeof TURN>;

/** A script is missing or not valid; the message says which file, where in it, and what is expected. */
export class ScriptError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ScriptError';
  }
}

const FALLBACK: ScriptedTurn = { text: 'This is an emulated cloud: no script has a conversation for this input.' };
const ENDED: ScriptedTurn = { text: 'The script of this emulated conversation has no further turn.' };

/** All `*.json` of a folder, in the order of their names. @throws ScriptError */
export function readScripts(directory: string): ConversationScript {
  let names: readonly string[];
  try {
    names = readdirSync(directory).filter((name) => name.endsWith('.json'));
  } catch {
    throw new ScriptError(`the folder of scripts ${directory} cannot be read: name one that exists`);
  }
  if (names.length === 0) throw new ScriptError(`there is no *.json file in ${directory}: put a conversation script there`);
  return names.toSorted((left, right) => (left < right ? -1 : 1)).flatMap((name) => readScript(join(directory, name)));
}

function readScript(file: string): ConversationScript {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ScriptError(`${file} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return parseScript(parsed, file);
}

/** @throws ScriptError */
export function parseScript(value: unknown, source: string): ConversationScript {
  const result = SCRIPT.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ScriptError(
    `${source}: at ${issue?.path.join('.') || 'the top'}: ${issue?.message}. A script is a list of {when, turns}`,
  );
}

interface InputItem {
  readonly type?: string | undefined;
  readonly role?: string | undefined;
}

/**
 * The turn to play, found from the transcript sent and not from a counter, so that it survives failover: as many answers as
 * follow the newest user message that a script knows have been played already. An answer is a run of items that the model made.
 */
export function selectTurn(script: ConversationScript, input: readonly InputItem[]): ScriptedTurn {
  for (let index = input.length - 1; index >= 0; index -= 1) {
    const item = input[index];
    if (item?.role !== 'user') continue;
    const text = JSON.stringify(item);
    const found = script.find(({ when }) => text.includes(JSON.stringify(when.inputContains).slice(1, -1)));
    if (found !== undefined) return fillIn(found.turns[countAnswers(input.slice(index + 1))] ?? ENDED, input);
  }
  return FALLBACK;
}

/** `{{result:RE}}`, or `{{number:RE}}` as a whole value: what the expression's group matches in the newest result of a tool that has it. */
const PLACEHOLDER = /\{\{(result|number):(.+?)\}\}(?!\})/;

/** Scripts are written before ids are known that a task makes up: of sessions, of agents. */
function fillIn(turn: ScriptedTurn, input: readonly InputItem[]): ScriptedTurn {
  if (turn.toolCalls === undefined || !PLACEHOLDER.test(JSON.stringify(turn.toolCalls))) return turn;
  const results = input.filter(({ type }) => type?.endsWith('_output') === true).map((item) => textOf(item));
  const filled = turn.toolCalls.map(({ name, input: given }) => ({ name, input: fillValue(given, results) as typeof given }));
  return { ...turn, toolCalls: filled };
}

function fillValue(value: unknown, results: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((part) => fillValue(part, results));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, fillValue(part, results)]));
  }
  if (typeof value !== 'string') return value;
  const [whole, kind, expression = ''] = PLACEHOLDER.exec(value) ?? [];
  if (whole === undefined) return value;
  const found = results.map((text) => new RegExp(expression).exec(text)?.[1]).findLast((match) => match !== undefined);
  if (found === undefined) return value;
  return kind === 'number' && whole === value ? Number(found) : value.replace(whole, found);
}

function textOf(item: InputItem): string {
  const output: unknown = 'output' in item ? item.output : '';
  return typeof output === 'string' ? output : JSON.stringify(output);
}

function countAnswers(items: readonly InputItem[]): number {
  const madeByModel = items.map(({ type, role }) =>
    role === undefined ? type?.endsWith('_output') !== true : role === 'assistant',
  );
  return madeByModel.filter((made, index) => made && madeByModel[index - 1] !== true).length;
}
