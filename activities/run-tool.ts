/**
 * One tool call, at most once for what has effects: a journal entry precedes every start, and a start without a result means
 * that a host was lost in the middle. Then only tools that change nothing run again; of the others the model is told.
 */
import { ApplicationFailure } from '@temporalio/activity';
import { existsSync } from 'node:fs';
import type { RunToolInput, RunToolResult } from '../workflows/activity-interfaces.ts';
import type { ToolCall, ToolOutcome } from '../workflows/domain/transcript.ts';
import { toPrintable } from '../workflows/domain/tool-call.ts';
import { activitySignal, cancelConfirmed, isTaskCancelled } from './activity-signal.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { Sandbox } from './sandbox/sandbox.ts';
import type { TaskStore, ToolCallEntry, ToolCallKey, WorkspaceRecord } from './store/task-store.ts';
import type { Tool, ToolReturn } from './tools/tool.ts';

export interface RunToolDependencies {
  readonly store: TaskStore;
  findTool(name: string): Tool | undefined;
  sandboxOf(name: WorkspaceRecord['sandbox']): Sandbox;
}

/** What came of a call, before it is stored. */
interface ToolEnd {
  readonly outcome: ToolOutcome;
  readonly output: string;
}

/** Tools keep to far less; this bounds what one item can cost the store and the next request. */
const MAX_OUTPUT_CHARACTERS = 512 * 1024;
/** A line of the story. */
const WHY_CHARACTERS = 100;

const HOST_LOST: ToolEnd = {
  outcome: 'unknown',
  output:
    'The host was lost while this call ran. It may have run in part or in full, and it was not run again. ' +
    'Look at the state of the workspace before you repeat it.',
};

/** The activity `runTool`. */
export function createRunTool(dependencies: RunToolDependencies) {
  return (input: RunToolInput): Promise<RunToolResult> =>
    withHeartbeat(async () => {
      try {
        return await runTool(dependencies, input);
      } catch (error) {
        throw toActivityFailure(error);
      }
    });
}

async function runTool(dependencies: RunToolDependencies, input: RunToolInput): Promise<RunToolResult> {
  const { store } = dependencies;
  const key: ToolCallKey = { taskId: currentTaskId(), turn: input.turn, callId: input.callId };
  const earlier = await store.readToolCall(key);
  if (earlier?.result !== undefined) return earlier.result;
  if (earlier !== undefined && earlier.retryClass !== 'read-only') return finish(store, key, HOST_LOST);
  const call = await readCall(store, key, input.item);
  const refusal = await reasonToRefuse(dependencies, key, call);
  const tool = dependencies.findTool(call.name);
  if (refusal !== undefined || tool === undefined) {
    await store.startToolCall(key, call.name, 'read-only');
    return finish(store, key, { outcome: 'refused', output: refusal ?? `There is no tool "${call.name}".` });
  }
  const workspace = await readWorkspace(store, key);
  await store.startToolCall(key, call.name, tool.retryClass);
  const signal = activitySignal();
  const sandbox = dependencies.sandboxOf(workspace.sandbox);
  const { taskId, callId } = key;
  const end = await runGuarded(tool, call, { taskId, callId, workspace: workspace.directory, sandbox, signal });
  // Killed by a cancel or a stopping worker: no result is written, so that a retry finds a start without one.
  if (isTaskCancelled()) await cancelConfirmed();
  signal.throwIfAborted();
  return finish(store, key, end);
}

async function readCall(store: TaskStore, key: ToolCallKey, item: string): Promise<ToolCall> {
  const call = await store.getItem(key.taskId, item);
  if (call.kind === 'tool-call') return call;
  throw ApplicationFailure.nonRetryable(`item ${item} is no tool call but a ${call.kind}`, 'BrokenInvariant');
}

/** Words for the model when the call cannot be run at all. */
async function reasonToRefuse(
  { store, findTool }: RunToolDependencies,
  { taskId }: ToolCallKey,
  call: ToolCall,
): Promise<string | undefined> {
  const { tools } = await store.getSettings(taskId);
  if (tools.includes(call.name) && findTool(call.name) !== undefined) return undefined;
  if (tools.length === 0) return 'This task has no workspace and no tools. Answer without calling any.';
  return `There is no tool "${call.name}". The tools are: ${tools.join(', ')}.`;
}

async function readWorkspace(store: TaskStore, { taskId }: ToolCallKey): Promise<WorkspaceRecord> {
  const workspace = await store.getWorkspace(taskId);
  if (workspace !== undefined && existsSync(workspace.directory)) return workspace;
  throw ApplicationFailure.nonRetryable(
    'the workspace of the task is no longer on its host: its folder was removed while the task ran; start the task again',
    'WorkspaceLost',
  );
}

/** A tool answers what the model did wrong by itself; what escapes it (a full disk) is told to the model, too. */
async function runGuarded(tool: Tool, call: ToolCall, context: Parameters<Tool['run']>[1]): Promise<ToolReturn> {
  try {
    return await tool.run(call.input, context);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { outcome: 'failed', output: `The tool broke: ${problem}` };
  }
}

async function finish(store: TaskStore, key: ToolCallKey, { outcome, output }: ToolEnd): Promise<RunToolResult> {
  const bounded = output.slice(0, MAX_OUTPUT_CHARACTERS);
  const result = { kind: 'tool-result', callId: key.callId, outcome, output: bounded } as const;
  const [item] = await store.putItems(key.taskId, [result]);
  if (item === undefined) throw ApplicationFailure.nonRetryable('the store gave no id for an item', 'BrokenInvariant');
  const entry: ToolCallEntry = await store.finishToolCall(key, { item, outcome });
  const why = outcome === 'refused' ? { why: toPrintable(output, WHY_CHARACTERS) } : {};
  return { ...(entry.result ?? { item, outcome }), ...why };
}
