/** The agents of a running task as child workflows: started, waited for, closed, and gone with the task. */
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  executeChild,
  ParentClosePolicy,
  setHandler,
  uuid4,
  workflowInfo,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { ReadAgentRequestInput, TaskResult } from './activity-interfaces.ts';
import type { agentTask } from './agent-task.ts';
import { agentCancelledSignal } from './cancelled-report.ts';
import { childTypeOf } from './child-type.ts';
import { resultOfChild } from './child-result.ts';
import type { TaskBudget } from './domain/budget.ts';
import type { TaskId } from './domain/ids.ts';
import { taskWorkflowId } from './domain/ids.ts';
import type { AgentOrder, AgentReport, AgentSpending, AgentStanding } from './domain/sub-agent.ts';
import { agentTaskId, reservedFor, subtract } from './domain/sub-agent.ts';
import { workflowTypeOf } from './domain/task-request.ts';
import type { TaskEventBody } from './domain/task-status.ts';
import type { AgentSummary } from './domain/task-result.ts';
import type { ItemId } from './domain/transcript.ts';

/** `spent` is what the step takes of the task's budget beside itself. */
export interface CarriedOut {
  readonly report: AgentReport;
  readonly spent?: AgentSpending;
}

export interface SubAgentsOptions {
  readonly taskId: TaskId;
  /** Of earlier runs. */
  readonly begin: readonly AgentSummary[];
  tell(event: TaskEventBody): void;
}

interface Agent {
  readonly name: string;
  readonly taskId: TaskId;
  readonly scope: CancellationScope;
  /** Set aside for it; null: the task has no budget. */
  readonly reserved: AgentSpending | null;
  ended?: AgentSummary;
  isSettled?: true;
}

/** More at once would fight for the same host; what is to be done after them can be asked for then. */
const MOST_RUNNING = 4;
const MOST_AGENTS = 20;
/** Of hexadecimal digits: a task has few agents. */
const NAME_CHARACTERS = 6;
const NOTHING: AgentSpending = { usdMicros: 0, tokens: 0, toolCalls: 0 };

/** Made where the workflow begins: a message that interrupts a call must not end the agents. */
export class SubAgents {
  readonly #options: SubAgentsOptions;
  readonly #root = CancellationScope.current();
  readonly #agents = new Map<string, Agent>();
  /** What agents that were cancelled have told by themselves, by their tasks' ids. */
  readonly #reported = new Map<string, TaskResult>();

  constructor(options: SubAgentsOptions) {
    this.#options = options;
    setHandler(agentCancelledSignal, (result) => void this.#reported.set(result.taskId, result));
  }

  /** `share` is what a new agent may use up; null: no limits. */
  async carryOut(order: AgentOrder, share: TaskBudget | null): Promise<CarriedOut> {
    const report = await this.#report(order, share);
    const reserved = order.kind === 'spawn' && report.kind === 'done' && share !== null ? [reservedFor(share)] : [];
    const spent = sum([...reserved, ...this.#settle()]);
    return { report, ...(spent === undefined ? {} : { spent }) };
  }

  /** While one runs, the task does not go on in a new run: its agents are of this one. */
  anyRunning(): boolean {
    return this.#running().length > 0;
  }

  /** Ends those that run, and settles when they have ended. */
  async closeAll(): Promise<void> {
    for (const { scope } of this.#running()) scope.cancel();
    await condition(() => !this.anyRunning());
  }

  summaries(): readonly AgentSummary[] {
    return [...this.#options.begin, ...[...this.#agents.values()].flatMap(({ ended }) => ended ?? [])];
  }

  #report(order: AgentOrder, share: TaskBudget | null): Promise<AgentReport> {
    switch (order.kind) {
      case 'spawn':
        return Promise.resolve(this.#spawn(order.message, share));
      case 'wait':
        return this.#wait(order.agents, order.timeoutMs);
      case 'close':
        return this.#close(order.agents);
    }
  }

  #running(): readonly Agent[] {
    return [...this.#agents.values()].filter(({ ended }) => ended === undefined);
  }

  #spawn(message: ItemId, share: TaskBudget | null): AgentReport {
    const { taskId, begin } = this.#options;
    if (begin.length + this.#agents.size >= MOST_AGENTS) return refused(`this task has had its ${MOST_AGENTS} agents already`);
    if (this.#running().length >= MOST_RUNNING) return refused(`${MOST_RUNNING} agents run already: wait for one, or close one`);
    // Not a number: a task that goes on after its end must not take an earlier agent's id.
    const name = uuid4().slice(0, NAME_CHARACTERS);
    const agent: Agent = {
      name,
      taskId: agentTaskId(taskId, name),
      scope: new CancellationScope({ cancellable: true, parent: this.#root }),
      reserved: share === null ? null : reservedFor(share),
    };
    this.#agents.set(name, agent);
    void this.#follow(agent, { parent: taskId, message, ...(share === null ? {} : { budget: share }) });
    return { kind: 'done', agents: [standingOf(agent)] };
  }

  async #follow(agent: Agent, order: ReadAgentRequestInput): Promise<void> {
    const { tell } = this.#options;
    tell({ kind: 'agent-started', agent: agent.name, taskId: agent.taskId });
    const result = await agent.scope.run(() => runAgent(agent, order)).catch(resultOfChild);
    agent.ended = summaryOf(agent, this.#reported.get(agent.taskId) ?? result);
    tell({ kind: 'agent-ended', agent: agent.name, state: agent.ended.state });
  }

  async #wait(names: readonly string[], timeoutMs: number): Promise<AgentReport> {
    const known = this.#find(names);
    if (typeof known === 'string') return refused(known);
    const isOver = () => known.some(({ ended }) => ended !== undefined);
    if (!isOver() && timeoutMs > 0) await condition(isOver, timeoutMs);
    return { kind: 'done', agents: known.map(standingOf) };
  }

  async #close(names: readonly string[]): Promise<AgentReport> {
    const known = this.#find(names);
    if (typeof known === 'string') return refused(known);
    for (const { scope } of known) scope.cancel();
    await condition(() => known.every(({ ended }) => ended !== undefined));
    return { kind: 'done', agents: known.map(standingOf) };
  }

  #find(names: readonly string[]): readonly Agent[] | string {
    const unknown = names.filter((name) => !this.#agents.has(name));
    const there = [...this.#agents.keys()].join(', ') || 'none';
    if (unknown.length > 0) return `there is no agent ${unknown.join(', ')} here: there are ${there}`;
    return names.flatMap((name) => this.#agents.get(name) ?? []);
  }

  /** What was set aside and not used comes back as soon as somebody looks. */
  #settle(): readonly AgentSpending[] {
    const over = [...this.#agents.values()].filter(({ ended, isSettled }) => ended !== undefined && isSettled !== true);
    for (const agent of over) agent.isSettled = true;
    return over.flatMap(({ reserved, ended }) =>
      reserved === null || ended === undefined ? [] : [subtract(ended.spent, reserved)],
    );
  }
}

/** An agent works as its task does. */
function ownTask(): { readonly managed?: true } {
  return workflowInfo().workflowType === workflowTypeOf({ managed: true }) ? { managed: true } : {};
}

/** A cancel is waited for: what the agent has, and has cost, is known then. */
function runAgent({ taskId, name }: Agent, order: ReadAgentRequestInput): Promise<TaskResult> {
  return executeChild<typeof agentTask>(childTypeOf(ownTask()), {
    workflowId: taskWorkflowId(taskId),
    args: [{ kind: 'agent', order }],
    staticSummary: `agent ${name}`,
    workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
  });
}

function summaryOf({ name, taskId, reserved }: Agent, result: TaskResult | 'cancelled' | 'failed'): AgentSummary {
  const place = { agent: name, taskId };
  // What it came to is not known: all that it might have used counts as used.
  if (typeof result === 'string') return { ...place, state: result, spent: reserved ?? NOTHING };
  const { state, paid, suspenseUsdMicros, usage, toolCalls = 0 } = result;
  const tokens = usage.inputTokens + usage.outputTokens;
  return { ...place, state, spent: { usdMicros: paid.usdMicros + suspenseUsdMicros, tokens, toolCalls } };
}

function standingOf({ name, ended }: Agent): AgentStanding {
  return { agent: name, state: ended?.state ?? 'running' };
}

function refused(reason: string): AgentReport {
  return { kind: 'refused', reason };
}

function sum(parts: readonly AgentSpending[]): AgentSpending | undefined {
  return parts.length === 0 ? undefined : parts.reduce((total, part) => subtract(total, subtract(NOTHING, part)), NOTHING);
}
