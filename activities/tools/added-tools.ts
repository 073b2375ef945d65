/**
 * Tools that are not built in. What a task is offered of them is decided when it is opened and kept with its settings, so that each of its
 * turns is told the same whichever worker serves it; a worker that has no such tool, or no more, refuses the call in words.
 */
import type { TaskId } from '../../workflows/domain/ids.ts';
import type { CallClass, ToolDefinition, ToolRetryClass, ToolRisk } from '../../workflows/domain/tool-call.ts';
import type { ToolInput } from '../../workflows/domain/transcript.ts';
import type { ToolReturn } from './tool.ts';

type FixedClass = Pick<CallClass, 'retryClass' | 'risk'>;

/** As a task was offered it. */
export interface OfferedTool extends FixedClass {
  readonly definition: ToolDefinition;
  /** The MCP server that it is of, and its name there; absent: it is the worker's own. */
  readonly server?: { readonly name: string; readonly tool: string };
}

/** What such a tool is told of a call. */
export interface CallContext {
  readonly taskId: TaskId;
  readonly callId: string;
  /** The same whenever this very call is begun again, and no other call's: for services that must not do a thing twice. */
  readonly idempotencyKey: string;
  /** Absolute, symlink-free path of the workspace's root; absent: the task has none. */
  readonly workspace?: string;
  readonly signal: AbortSignal;
}

/** What runs it on this worker. */
export interface AddedTool extends FixedClass {
  /** What a call is about, where approval of one says nothing of another; must not throw. */
  subjectOf?(input: ToolInput): string;
  run(input: ToolInput, context: CallContext): Promise<ToolReturn>;
}

export interface AddedTools {
  /** All that a task of the tenant may be offered now. */
  offer(tenant: string): Promise<readonly OfferedTool[]>;
  /** `undefined`: this worker has no such tool, or not for the tenant. */
  find(offered: OfferedTool, tenant: string): AddedTool | undefined;
}

export function joinAddedTools(all: readonly AddedTools[]): AddedTools {
  return {
    offer: async (tenant) => (await Promise.all(all.map((each) => each.offer(tenant)))).flat(),
    find(offered, tenant) {
      for (const each of all) {
        const found = each.find(offered, tenant);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** The most functions that an API of OpenAI was ever documented to take in a request; no cloud is known to take fewer. */
const MOST_TOOLS = 128;

const RETRY_CLASSES: readonly ToolRetryClass[] = ['read-only', 'workspace', 'external'];
const RISKS: readonly ToolRisk[] = ['none', 'workspace', 'external'];

/** The more careful of both: what a tool was when the task was opened, and what it is on the worker that runs it. */
export function stricterClass(left: FixedClass, right: FixedClass): FixedClass {
  return {
    retryClass: later(RETRY_CLASSES, left.retryClass, right.retryClass),
    risk: later(RISKS, left.risk, right.risk),
  };
}

function later<Word>(order: readonly Word[], ...[left, right]: readonly [Word, Word]): Word {
  return order.indexOf(left) > order.indexOf(right) ? left : right;
}

export interface ToolsOfTask {
  readonly tools: readonly string[];
  readonly offered?: readonly OfferedTool[];
}

/** The built-in ones of these names, then what is added, as far as clouds take it. */
export function withAdded(builtIn: readonly string[], added: readonly OfferedTool[]): ToolsOfTask {
  const offered = added.slice(0, Math.max(MOST_TOOLS - builtIn.length, 0));
  if (offered.length === 0) return { tools: builtIn };
  return { tools: [...builtIn, ...offered.map(({ definition }) => definition.name)], offered };
}

/** In the order of the task's tools. */
export function definitionsOf(
  { tools, offered = [] }: ToolsOfTask,
  builtIn: (names: readonly string[]) => readonly ToolDefinition[],
): readonly ToolDefinition[] {
  const added = new Map(offered.map(({ definition }) => [definition.name, definition]));
  return tools.flatMap((name) => added.get(name) ?? builtIn([name]));
}
