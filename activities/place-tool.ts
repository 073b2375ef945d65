/** Which tool a call means, and how it runs where its task is. */
import { ApplicationFailure } from '@temporalio/activity';
import { DEFAULT_TENANT } from '../workflows/domain/task-queues.ts';
import type { CallClass } from '../workflows/domain/tool-call.ts';
import type { ToolCall } from '../workflows/domain/transcript.ts';
import type { AgentsNeeded } from '../workflows/domain/turn.ts';
import { classifyCall } from './judge-tool-call.ts';
import { MCP_APPROVAL } from './managed-agents/managed-agent-client.ts';
import type { TaskSettings } from './store/task-store.ts';
import type { AddedTool, AddedTools, CallContext, OfferedTool } from './tools/added-tools.ts';
import { stricterClass } from './tools/added-tools.ts';
import type { Tool, ToolContext, ToolReturn } from './tools/tool.ts';

export interface FindToolDependencies {
  /** Of those that are built in. */
  findTool(name: string): Tool | undefined;
  readonly addedTools: AddedTools;
}

type TaskTool =
  | { readonly kind: 'built-in'; readonly tool: Tool }
  | { readonly kind: 'added'; readonly tool: AddedTool; readonly offered: OfferedTool };

/** A tool, or words for the model when there is none. */
export type FoundTool = TaskTool | { readonly kind: 'none'; readonly reason: string };

/** What the task was offered, as this worker has it. */
export function findTaskTool(
  { findTool, addedTools }: FindToolDependencies,
  { tools, offered = [], request }: Pick<TaskSettings, 'tools' | 'offered' | 'request'>,
  name: string,
): FoundTool {
  // Asked by services alone.
  const callable = tools.filter((tool) => tool !== MCP_APPROVAL);
  if (!tools.includes(name) && callable.length === 0)
    return none('This task has no workspace and no tools. Answer without calling any.');
  if (!tools.includes(name)) return none(`There is no tool "${name}". The tools are: ${callable.join(', ')}.`);
  const added = offered.find(({ definition }) => definition.name === name);
  const found =
    added === undefined ? builtIn(findTool(name)) : ownOf(addedTools.find(added, request?.tenant ?? DEFAULT_TENANT), added);
  return found ?? none(`The worker that has this task does not have the tool "${name}", or no more. Do without it.`);
}

function none(reason: string): FoundTool {
  return { kind: 'none', reason };
}

function builtIn(tool: Tool | undefined): TaskTool | undefined {
  return tool === undefined ? undefined : { kind: 'built-in', tool };
}

function ownOf(tool: AddedTool | undefined, offered: OfferedTool): TaskTool | undefined {
  return tool === undefined ? undefined : { kind: 'added', tool, offered };
}

/** What is told of a call beside the place where it runs. */
export type RunContext = Omit<CallContext, 'workspace'> & Pick<ToolContext, 'escalate' | 'report'>;

export interface PlacedTool {
  readonly callClass: CallClass;
  /** What the call has the workflow do. */
  order(context: RunContext): Promise<AgentsNeeded | ToolReturn | undefined>;
  run(context: RunContext): Promise<ToolReturn>;
}

/** Where a task's files are. */
export type ToolPlace = Pick<ToolContext, 'workspace' | 'sandbox' | 'outputFolder'>;

/** @throws ApplicationFailure when a built-in tool has no workspace to work in */
export function placeTool(found: TaskTool, { input, ...call }: ToolCall, place: ToolPlace | undefined): PlacedTool {
  if (found.kind === 'added') {
    const { tool, offered } = found;
    const where = place === undefined ? {} : { workspace: place.workspace };
    return {
      callClass: { ...stricterClass(offered, tool), ...(tool.subjectOf === undefined ? {} : { subject: tool.subjectOf(input) }) },
      order: async () => undefined,
      run: ({ taskId, callId, idempotencyKey, signal }) => tool.run(input, { taskId, callId, idempotencyKey, signal, ...where }),
    };
  }
  if (place === undefined) throw ApplicationFailure.nonRetryable('the task has no workspace', 'BrokenInvariant');
  const { tool } = found;
  return {
    callClass: classifyCall(tool, { input, ...call }, place.sandbox),
    order: async (context) => tool.order?.(input, { ...context, ...place }),
    run: (context) => tool.run(input, { ...context, ...place }),
  };
}
