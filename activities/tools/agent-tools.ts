/** How a model has other agents work for it. They are tasks of their own, in a copy of the workspace; the workflow runs them. */
import { z } from 'zod';
import type { AgentReport, AgentStanding } from '../../workflows/domain/sub-agent.ts';
import { agentTaskId } from '../../workflows/domain/sub-agent.ts';
import type { TaskId } from '../../workflows/domain/ids.ts';
import { outputTextOf } from '../conversation/task-output.ts';
import type { TaskStore } from '../store/task-store.ts';
import type { WorkspaceKeeper } from '../workspace/workspace-keeper.ts';
import { parametersOf, readArguments } from './read-arguments.ts';
import type { Tool, ToolContext, ToolReturn } from './tool.ts';
import { truncateOutput } from './truncate-output.ts';

export interface AgentToolDependencies {
  readonly store: TaskStore;
  readonly keeper: WorkspaceKeeper;
}

const LONGEST_MESSAGE = 100_000;
const DEFAULT_WAIT_MS = 60_000;
/** A model that waits for longer had better ask again: people see in between that it does. */
const LONGEST_WAIT_MS = 3_600_000;
/** Of each agent that is reported. */
const ANSWER_TOKENS = 4_000;
const MOST_NAMED = 20;

const names = z.array(z.string().min(1).max(100)).min(1).max(MOST_NAMED);

const SpawnSchema = z.strictObject({
  message: z.string().min(1).max(LONGEST_MESSAGE).describe('What the agent is to do. It sees this and the files, nothing else.'),
});
const WaitSchema = z.strictObject({
  agents: names.describe('Names of agents, as spawn_agent told them.'),
  timeout_ms: z.int().min(0).max(LONGEST_WAIT_MS).optional().describe(`Default ${DEFAULT_WAIT_MS}.`),
});
const CloseSchema = z.strictObject({ agents: names });
const MergeSchema = z.strictObject({ agent: z.string().min(1).max(100) });

/** The names of all of them. */
export const AGENT_TOOLS: readonly string[] = ['spawn_agent', 'wait_agent', 'close_agent', 'merge_agent'];

export function createAgentTools({ store, keeper }: AgentToolDependencies): readonly Tool[] {
  return [spawnAgent(store), waitAgent(store), closeAgent(store), mergeAgent(keeper)];
}

const LOOKS = { retryClass: 'read-only', risk: 'none' } as const;

function spawnAgent(store: TaskStore): Tool {
  return {
    definition: {
      name: 'spawn_agent',
      description:
        'Has another agent do a piece of work in a copy of the workspace as it is now, beside you. It has its own conversation and a share of ' +
        'what is left of the budget. Returns its name.',
      form: { kind: 'function', parameters: parametersOf(SpawnSchema) },
    },
    ...LOOKS,
    async order(input, { taskId }) {
      const parsed = readArguments('spawn_agent', SpawnSchema, input);
      if (parsed.kind === 'invalid') return refused(parsed.problem);
      const [message] = await store.putItems(taskId, [{ kind: 'user-message', text: parsed.value.message }]);
      return message === undefined ? refused('The message could not be stored.') : { agents: { kind: 'spawn', message } };
    },
    run: async (_input, context) => tell(store, context),
  };
}

function waitAgent(store: TaskStore): Tool {
  return {
    definition: {
      name: 'wait_agent',
      description: 'Waits until one of these agents has ended, and tells of each how it stands and what it answered.',
      form: { kind: 'function', parameters: parametersOf(WaitSchema) },
    },
    ...LOOKS,
    async order(input) {
      const parsed = readArguments('wait_agent', WaitSchema, input);
      if (parsed.kind === 'invalid') return refused(parsed.problem);
      const { agents, timeout_ms: timeoutMs = DEFAULT_WAIT_MS } = parsed.value;
      return { agents: { kind: 'wait', agents, timeoutMs } };
    },
    run: async (_input, context) => tell(store, context),
  };
}

function closeAgent(store: TaskStore): Tool {
  return {
    definition: {
      name: 'close_agent',
      description: 'Ends these agents, whatever they are doing.',
      form: { kind: 'function', parameters: parametersOf(CloseSchema) },
    },
    ...LOOKS,
    async order(input) {
      const parsed = readArguments('close_agent', CloseSchema, input);
      return parsed.kind === 'invalid' ? refused(parsed.problem) : { agents: { kind: 'close', agents: parsed.value.agents } };
    },
    run: async (_input, context) => tell(store, context),
  };
}

function mergeAgent(keeper: WorkspaceKeeper): Tool {
  return {
    definition: {
      name: 'merge_agent',
      description:
        'Brings what an agent changed into your workspace. Where both changed the same lines, the files have conflict markers afterwards.',
      form: { kind: 'function', parameters: parametersOf(MergeSchema) },
    },
    retryClass: 'workspace',
    risk: 'workspace',
    async run(input, { taskId, workspace }) {
      const parsed = readArguments('merge_agent', MergeSchema, input);
      if (parsed.kind === 'invalid') return refused(parsed.problem);
      const agent = taskOf(taskId, parsed.value.agent);
      const merged = agent === undefined ? undefined : await keeper.merge(workspace, agent);
      if (merged === undefined) return refused(`There is no agent "${parsed.value.agent}" with files.`);
      if (merged.files.length === 0) return { outcome: 'ok', output: 'The agent changed no file.' };
      const list = merged.files.join('\n');
      return merged.isClean
        ? { outcome: 'ok', output: `Merged:\n${list}` }
        : { outcome: 'failed', output: `Merged with conflicts; look for "<<<<<<<" in:\n${list}` };
    },
  };
}

function refused(output: string): ToolReturn {
  return { outcome: 'refused', output };
}

/** Names are the model's to write: what is no part of an id is no agent. */
function taskOf(parent: TaskId, agent: string): TaskId | undefined {
  try {
    return agentTaskId(parent, agent);
  } catch {
    return undefined;
  }
}

async function tell(store: TaskStore, { taskId, report }: ToolContext): Promise<ToolReturn> {
  if (report === undefined) return { outcome: 'failed', output: 'Nothing is known of the agents.' };
  if (report.kind === 'refused') return refused(`Not done: ${report.reason}.`);
  const told = await Promise.all(report.agents.map((agent) => describe(store, taskId, agent)));
  return { outcome: isGood(report) ? 'ok' : 'failed', output: told.join('\n\n') };
}

function isGood({ agents }: Extract<AgentReport, { kind: 'done' }>): boolean {
  return agents.every(({ state }) => state !== 'failed');
}

async function describe(store: TaskStore, parent: TaskId, { agent, state }: AgentStanding): Promise<string> {
  if (state === 'running') return `Agent ${agent} is at work.`;
  const { ended } = await store.getSettings(agentTaskId(parent, agent)).catch(() => ({ ended: undefined }));
  const transcript = ended === undefined ? [] : await store.readTranscript(agentTaskId(parent, agent), ended.head);
  const answer = outputTextOf(transcript);
  return `Agent ${agent} ${state === 'cancelled' ? 'was closed' : state}.${answer === '' ? '' : `\n${truncateOutput(answer, ANSWER_TOKENS)}`}`;
}
