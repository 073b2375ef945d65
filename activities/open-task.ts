import { ApplicationFailure } from '@temporalio/activity';
import { existsSync } from 'node:fs';
import type { OpenTaskInput, OpenTaskResult, TaskRequest } from '../workflows/activity-interfaces.ts';
import type { ApprovalMode, ApprovalPolicy } from '../workflows/domain/approval.ts';
import { narrowApprovals, NEVER_ASK } from '../workflows/domain/approval.ts';
import type { TaskId } from '../workflows/domain/ids.ts';
import { DEFAULT_TENANT } from '../workflows/domain/task-queues.ts';
import type { ItemId } from '../workflows/domain/transcript.ts';
import { EMPTY_TRANSCRIPT } from '../workflows/domain/transcript.ts';
import { environmentMessage } from './conversation/context-messages.ts';
import { currentTaskId } from './current-task.ts';
import { taskEligibilityOf } from './eligibility/need-of.ts';
import { toActivityFailure } from './failures.ts';
import type { TaskKind } from './instructions.ts';
import { withHeartbeat } from './heartbeat.ts';
import { instructionsFor } from './instructions.ts';
import { describeRule } from './sandbox/egress-rules.ts';
import type { PlannedTenant } from './plan-route.ts';
import { SESSION_APPROVAL } from './managed-agents/session-approvals.ts';
import type { TaskStore } from './store/task-store.ts';
import { AGENT_TOOLS } from './tools/agent-tools.ts';
import type { AddedTools, OfferedTool, ToolsOfTask } from './tools/added-tools.ts';
import { withAdded } from './tools/added-tools.ts';
import type { Tool } from './tools/tool.ts';

export interface OpenTaskDependencies {
  readonly store: TaskStore;
  /** The tools that a task with a workspace is told of, by its model. */
  workspaceTools(model: string): readonly string[];
  /** The configured tenants; `default` needs no entry. */
  readonly tenants: readonly PlannedTenant[];
  findTool(name: string): Tool | undefined;
  readonly addedTools: AddedTools;
}

/** A task that only looks still has to run what there is to see; what its commands write stays in its workspace. */
const COMMAND_TOOLS: readonly string[] = ['exec_command', 'write_stdin', 'shell'];

/** The activity `openTask`. Everything it writes is addressed by content or overwritten by the same: repeating it is safe. */
export function createOpenTask(dependencies: OpenTaskDependencies) {
  return ({ request }: OpenTaskInput): Promise<OpenTaskResult> => withHeartbeat(() => openTask(dependencies, request));
}

async function openTask(dependencies: OpenTaskDependencies, request: TaskRequest): Promise<OpenTaskResult> {
  const { store } = dependencies;
  const taskId = currentTaskId();
  const { prompt: _prompt, instructions: _instructions, ...kept } = request;
  const { maxOutputTokens, outputSchema } = request;
  try {
    const approvals = approvalsFor(dependencies.tenants, request);
    const context = await contextOf(store, taskId, approvals.mode);
    const prompt = await store.putItems(taskId, [{ kind: 'user-message', text: request.prompt }]);
    const head = await store.appendToTranscript(taskId, EMPTY_TRANSCRIPT, [...context, ...prompt]);
    const { tools, ...offered } = await toolsFor(dependencies, request);
    await store.putSettings(taskId, {
      approvals,
      request: kept,
      openedHead: head,
      instructions: instructionsFor({
        kind: kindOf(request),
        hasTools: tools.length > 0,
        own: request.instructions,
        outputSchema,
      }),
      tools,
      ...offered,
      eligibility: taskEligibilityOf(request),
      ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
      ...(outputSchema === undefined ? {} : { outputSchema }),
    });
    return { head };
  } catch (error) {
    throw toActivityFailure(error);
  }
}

/** @throws ApplicationFailure when the task asks for less than its tenant does */
function approvalsFor(tenants: OpenTaskDependencies['tenants'], { tenant, approvals }: TaskRequest): ApprovalPolicy {
  const own = tenants.find(({ name }) => name === (tenant ?? DEFAULT_TENANT))?.approvals ?? NEVER_ASK;
  const narrowed = narrowApprovals(own, approvals);
  if (narrowed.kind === 'narrowed') return narrowed.policy;
  throw ApplicationFailure.nonRetryable(`${narrowed.reason}; leave approvals out, or ask for more`, 'ApprovalsRefused');
}

function kindOf({ workspace, readOnly }: TaskRequest): TaskKind {
  if (workspace === undefined) return 'plain';
  return readOnly === true ? 'read-only' : 'changes-files';
}

async function toolsFor(dependencies: OpenTaskDependencies, request: TaskRequest): Promise<ToolsOfTask> {
  const kind = kindOf(request);
  const approvals = request.managed === true ? [SESSION_APPROVAL] : [];
  const added = [...approvals, ...(await dependencies.addedTools.offer(request.tenant ?? DEFAULT_TENANT))];
  return withAdded(
    builtInFor(dependencies, request),
    added.filter((tool) => mayHave(kind, tool)),
  );
}

function builtInFor({ workspaceTools, findTool }: OpenTaskDependencies, request: TaskRequest): readonly string[] {
  const all = workspaceTools(request.model);
  const agents = request.subAgents === true ? AGENT_TOOLS : [];
  const offered = all.filter((name) => !AGENT_TOOLS.includes(name) || agents.includes(name));
  switch (kindOf(request)) {
    case 'plain':
      return [];
    case 'changes-files':
      return offered;
    case 'read-only':
      return offered.filter((name) => COMMAND_TOOLS.includes(name) || findTool(name)?.retryClass === 'read-only');
  }
}

/** Of the tools that are not built in. */
function mayHave(kind: TaskKind, { retryClass, risk }: OfferedTool): boolean {
  switch (kind) {
    case 'plain':
      return retryClass !== 'workspace' && risk !== 'workspace';
    case 'changes-files':
      return true;
    case 'read-only':
      return retryClass === 'read-only';
  }
}

/** What the transcript begins with: the project's instructions, as they were found when the workspace was opened, and where it is. */
async function contextOf(store: TaskStore, taskId: TaskId, approvals: ApprovalMode): Promise<readonly ItemId[]> {
  const workspace = await store.getWorkspace(taskId);
  if (workspace === undefined) return [];
  const { directory, sandbox, folder, network, contextItems = [] } = workspace;
  const environment = environmentMessage({
    workspace: directory,
    ...(folder === undefined ? {} : { folder }),
    sandbox,
    approvals,
    ...(network === undefined ? {} : { allowedDomains: network.allow.map(describeRule) }),
    // As `exec_command` chooses it; hosts of one installation are alike.
    shell: existsSync('/bin/bash') ? 'bash' : 'sh',
    nowMs: Date.now(),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  });
  return [...contextItems, ...(await store.putItems(taskId, [environment]))];
}
