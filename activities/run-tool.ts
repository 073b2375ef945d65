/**
 * One tool call, at most once for what reaches beyond the workspace: a journal entry precedes every start, and a start without a result
 * means that a worker was lost in the middle. Then a tool that only looks runs again, the workspace is put back to how it was before the
 * call and the call runs again, or, where it may have done something elsewhere, the model is told that nobody knows.
 */
import { ApplicationFailure } from '@temporalio/activity';
import type { RunToolInput, RunToolResult } from '../workflows/activity-interfaces.ts';
import type { AgentReport } from '../workflows/domain/sub-agent.ts';
import { toPrintable } from '../workflows/domain/tool-call.ts';
import type { ToolCall } from '../workflows/domain/transcript.ts';
import type { ApprovalNeeded, CallDecision, ToolStep } from '../workflows/domain/turn.ts';
import { cancelConfirmed, isTaskCancelled } from './activity-signal.ts';
import { createCallTries } from './call-tries.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';
import { approvalNeeded, judge } from './judge-tool-call.ts';
import type { OwnWorkspaceDependencies } from './own-workspace.ts';
import { ownWorkspace } from './own-workspace.ts';
import type { FindToolDependencies, PlacedTool, RunContext, ToolPlace } from './place-tool.ts';
import { findTaskTool, placeTool } from './place-tool.ts';
import type { TaskSandboxes } from './sandbox/task-sandboxes.ts';
import type { TaskStore, ToolCallEntry, ToolCallKey, WorkspaceRecord } from './store/task-store.ts';
import type { CommandSessions } from './tools/command-sessions.ts';
import { countTokens } from './tools/truncate-output.ts';
import { TOKENS_OF_IMAGE } from '../workflows/domain/token-estimate.ts';
import type { ToolReturn } from './tools/tool.ts';
import { restoreBefore } from './workspace/restore-step.ts';
import { folderOfTree } from './workspace/workspace-folder.ts';

export interface RunToolDependencies extends FindToolDependencies, OwnWorkspaceDependencies {
  readonly sandboxOf: TaskSandboxes;
  readonly sessions: CommandSessions;
  /** Whether a command may run without the sandbox when a person, or a rule, says so. */
  readonly allowsEscalation: boolean;
  /** How long a call goes on that Temporal has given up, until it is tried again; in ms, default: see `createCallTries`. */
  readonly successorMs?: number;
}

/** Tools keep to far less; this bounds what one item can cost the store and the next request. */
const MAX_OUTPUT_CHARACTERS = 512 * 1024;
/** Fewer do not fill a window, and need no place in the history. */
const LEAST_TOKENS = 200;
/** A line of the story. */
const WHY_CHARACTERS = 100;

const HOST_LOST: ToolReturn = {
  outcome: 'unknown',
  output:
    'The host was lost while this call ran. It may have run in part or in full, and it was not run again. ' +
    'Find out what it did before you repeat it.',
};
const INTERRUPTED: ToolReturn = {
  outcome: 'unknown',
  output:
    'A message to you came while this call ran, and ended it. It may have run in part. Look at what it did before you go on.',
};
const NOT_BEGUN: ToolReturn = { outcome: 'refused', output: 'Not run: a message to you came first.' };
const NO_ESCALATION: ToolReturn = {
  outcome: 'refused',
  output: 'Not run: the operator has every command run in the sandbox. Run it without require_escalated, or do without.',
};
const EXPIRED: ToolReturn = { outcome: 'refused', output: 'Not run: it needs approval, and nobody answered in time.' };

/** The activity `runTool`. */
export function createRunTool(dependencies: RunToolDependencies) {
  const inTries = createCallTries(dependencies);
  return (input: RunToolInput): Promise<RunToolResult> =>
    withHeartbeat(async () => {
      try {
        const key: ToolCallKey = { taskId: currentTaskId(), turn: input.turn, callId: input.callId };
        return await inTries(nameOf(key), (signal) => runTool(dependencies, input, { key, signal }));
      } catch (error) {
        throw toActivityFailure(error);
      }
    });
}

/** Of a call, whichever try it is. */
function nameOf({ taskId, turn, callId }: ToolCallKey): string {
  return `${taskId}/${turn}/${callId}`;
}

interface Try {
  readonly key: ToolCallKey;
  /** Aborted when the call must end. */
  readonly signal: AbortSignal;
}

async function runTool(dependencies: RunToolDependencies, input: RunToolInput, { key, signal }: Try): Promise<RunToolResult> {
  const { store } = dependencies;
  const earlier = await store.readToolCall(key);
  if (earlier?.result !== undefined) return earlier.result;
  const call = await readCall(store, key, input.item);
  const decided = endWithoutRunning(input.decision, earlier);
  if (decided !== undefined) return finishUnrun(store, key, { call, end: decided, earlier });
  const found = findTaskTool(dependencies, await store.getSettings(key.taskId), call.name);
  if (found.kind === 'none') return finishUnrun(store, key, { call, end: refused(found.reason), earlier });
  const workspace = await ownWorkspace(dependencies, key.taskId);
  const tool = placeTool(found, call, placeOf(dependencies, workspace));
  if (earlier?.retryClass === 'external') return finish(store, key, HOST_LOST);
  const prepared: Prepared = {
    ...{ call, tool, workspace, signal, isRetry: earlier !== undefined },
    ...(input.decision?.kind === 'carried-out' ? { report: input.decision.report } : {}),
  };
  const stopped = await reasonToStop(dependencies, input, { key, prepared });
  if (stopped === undefined) return start(dependencies, key, prepared);
  return 'approval' in stopped ? stopped : finishUnrun(store, key, { call, end: stopped, earlier });
}

/** By the task's policy, unless it was decided already; what had begun was let run. `undefined`: it may run. */
async function reasonToStop(
  { store, allowsEscalation }: RunToolDependencies,
  { decision, approvals: changes }: RunToolInput,
  { key, prepared }: { readonly key: ToolCallKey; readonly prepared: Prepared },
): Promise<ToolReturn | ApprovalNeeded | undefined> {
  const { call, tool, isRetry } = prepared;
  const { callClass } = tool;
  if (callClass.escalation !== undefined && !allowsEscalation) return NO_ESCALATION;
  if (isRetry || decision !== undefined) return undefined;
  const { approvals: policy } = await store.getSettings(key.taskId);
  const verdict = judge(call, callClass, { policy, changes });
  switch (verdict.kind) {
    case 'run':
      return undefined;
    case 'ask':
      return approvalNeeded(call, callClass, { verdict, expireMs: policy?.expireMs });
    case 'refuse':
      return refused(`Not run: ${verdict.reason}.`);
  }
}

function refused(output: string): ToolReturn {
  return { outcome: 'refused', output };
}

interface Prepared {
  readonly call: ToolCall;
  readonly tool: PlacedTool;
  /** Absent: the task has none. */
  readonly workspace: WorkspaceRecord | undefined;
  readonly signal: AbortSignal;
  readonly isRetry: boolean;
  readonly report?: AgentReport;
}

async function start(dependencies: RunToolDependencies, key: ToolCallKey, prepared: Prepared): Promise<RunToolResult> {
  const { store, keeper, sessions } = dependencies;
  const { call, tool, workspace, signal, isRetry, report } = prepared;
  const { taskId, callId, turn } = key;
  const { retryClass, escalation } = tool.callClass;
  const changed = retryClass === 'read-only' ? undefined : workspace;
  if (isRetry && changed !== undefined) {
    await sessions.endAll(taskId);
    await restoreBefore({ store, keeper }, { taskId, workspace: changed }, { turn, callId });
  }
  const said = { taskId, callId, idempotencyKey: nameOf(key), signal, escalate: escalation !== undefined };
  const context: RunContext = { ...said, ...(report === undefined ? {} : { report }) };
  // What it has the workflow do is in the history: asking again changes nothing.
  const ordered = report === undefined ? await tool.order(context) : undefined;
  if (ordered !== undefined && 'agents' in ordered) return ordered;
  await store.startToolCall(key, call.name, retryClass);
  if (ordered !== undefined) return finish(store, key, ordered);
  const end = await runGuarded(tool, context);
  // Killed by a cancel or a stopping worker: no result is written, so that a retry finds a start without one.
  if (isTaskCancelled()) await cancelConfirmed();
  signal.throwIfAborted();
  if (changed !== undefined) await keeper.checkpoint(taskId, changed, { turn, callId });
  return finish(store, key, end);
}

/** `undefined`: nothing was decided against running it. */
function endWithoutRunning(decision: CallDecision | undefined, earlier: ToolCallEntry | undefined): ToolReturn | undefined {
  switch (decision?.kind) {
    case undefined:
    case 'approved':
    case 'carried-out':
      return undefined;
    case 'denied': {
      const reason = decision.reason === undefined ? '' : ` They say: ${decision.reason}`;
      return { outcome: 'refused', output: `Not run: ${decision.by} did not approve it.${reason}` };
    }
    case 'expired':
      return EXPIRED;
    case 'interrupted':
      return earlier === undefined ? NOT_BEGUN : INTERRUPTED;
  }
}

async function readCall(store: TaskStore, key: ToolCallKey, item: string): Promise<ToolCall> {
  const call = await store.getItem(key.taskId, item);
  if (call.kind === 'tool-call') return call;
  throw ApplicationFailure.nonRetryable(`item ${item} is no tool call but a ${call.kind}`, 'BrokenInvariant');
}

function placeOf({ sandboxOf }: RunToolDependencies, workspace: WorkspaceRecord | undefined): ToolPlace | undefined {
  if (workspace === undefined) return undefined;
  const { directory } = workspace;
  return { workspace: directory, sandbox: sandboxOf(workspace), outputFolder: folderOfTree(directory).output };
}

/** A tool answers what the model did wrong by itself; what escapes it (a full disk) is told to the model, too. */
async function runGuarded(tool: PlacedTool, context: RunContext): Promise<ToolReturn> {
  try {
    return await tool.run(context);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { outcome: 'failed', output: `The tool broke: ${problem}` };
  }
}

async function finishUnrun(
  store: TaskStore,
  key: ToolCallKey,
  { call, end, earlier }: { readonly call: ToolCall; readonly end: ToolReturn; readonly earlier: ToolCallEntry | undefined },
): Promise<ToolStep> {
  if (earlier === undefined) await store.startToolCall(key, call.name, 'read-only');
  return finish(store, key, end);
}

async function finish(store: TaskStore, key: ToolCallKey, { outcome, output, images, plan }: ToolReturn): Promise<ToolStep> {
  const bounded = output.slice(0, MAX_OUTPUT_CHARACTERS);
  const pictures = images === undefined || images.length === 0 ? {} : { images };
  const result = { kind: 'tool-result', callId: key.callId, outcome, output: bounded, ...pictures } as const;
  const [item] = await store.putItems(key.taskId, [result]);
  if (item === undefined) throw ApplicationFailure.nonRetryable('the store gave no id for an item', 'BrokenInvariant');
  const entry: ToolCallEntry = await store.finishToolCall(key, { item, outcome });
  const tokens = countTokens(bounded) + (images ?? []).length * TOKENS_OF_IMAGE;
  const why = outcome === 'refused' ? { why: toPrintable(output, WHY_CHARACTERS) } : {};
  return {
    ...(entry.result ?? { item, outcome }),
    ...(tokens < LEAST_TOKENS ? {} : { tokens }),
    ...why,
    ...(plan === undefined ? {} : { plan }),
  };
}
