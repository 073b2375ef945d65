import type { ToolCall } from './transcript.ts';

/**
 * What may happen when a host dies during a call. `read-only`: run again freely. `workspace`: its effects stay in the
 * workspace. `external`: never run again by itself.
 */
export type ToolRetryClass = 'read-only' | 'workspace' | 'external';

/**
 * What a call may touch, for approvals. `none`: it only looks. `workspace`: files of the workspace, by way of the sandbox.
 * `external`: anything else.
 */
export type ToolRisk = 'none' | 'workspace' | 'external';

/** What one call may do, as far as its name and input tell. */
export interface CallClass {
  readonly retryClass: ToolRetryClass;
  readonly risk: ToolRisk;
  /** The whole command line of a call that runs one. */
  readonly command?: string;
  /** What the call is about, narrower than its tool, where one tool asks about several things: rules may name it as they name a tool. */
  readonly subject?: string;
  /** The model asks to run it without the sandbox, and says why. */
  readonly escalation?: { readonly justification: string };
  /** Words that the model proposes to let every command pass that begins with them. */
  readonly prefixRule?: readonly string[];
}

/** How far a model is with its plan. */
export interface TaskPlan {
  readonly done: number;
  readonly total: number;
  /** The step it is at, in at most 80 printable characters. */
  readonly current?: string;
}

/** A tool as the model is told of it, before a cloud's dialect. */
export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  /** `freeform` tools take plain text where the deployment has custom tools, and `{"input": "…"}` elsewhere. */
  readonly form: ToolForm;
}

export type ToolForm =
  /** JSON Schema of the arguments object. */
  | { readonly kind: 'function'; readonly parameters: Readonly<Record<string, unknown>> }
  /** `grammar`: Lark definition that a custom tool constrains its input by. */
  | { readonly kind: 'freeform'; readonly grammar?: string };

const EXCERPT_CHARACTERS = 60;
// Untrusted model output is shown on cards and terminals: control, escape, bidi and invisible characters must not reach them.
const UNPRINTABLE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]+/gu;

/** What a call is about, in a few words: a function's first string argument, or the first telling line of freeform input. */
export function excerptOf(call: ToolCall): string {
  const text = call.input.kind === 'json' ? firstArgument(call.input.text) : tellingLine(call.input.text);
  return toPrintable(text, EXCERPT_CHARACTERS);
}

/** One line of at most `characters` printable characters, the last being `…` when something was cut. */
export function toPrintable(text: string, characters: number): string {
  const line = text.toWellFormed().replaceAll(UNPRINTABLE, ' ').trim();
  if (line.length <= characters) return line;
  // A cut through a surrogate pair takes the whole pair away: half of one cannot be written as UTF-8.
  return `${line.slice(0, characters - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

function firstArgument(json: string): string {
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed !== 'object' || parsed === null) return '';
    const first = Object.values(parsed).find((value) => typeof value === 'string');
    return typeof first === 'string' ? tellingLine(first) : '';
  } catch {
    return '';
  }
}

/** A patch says nothing in its first line (`*** Begin Patch`), but in the header of its first file. */
function tellingLine(text: string): string {
  const lines = text.split('\n');
  return lines.find((line) => line.trim() !== '' && !line.startsWith('*** Begin Patch')) ?? '';
}
