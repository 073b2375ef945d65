/** Values of the domain with sensible defaults; a test names only what it is about. */
import type { RouteDecision, TaskResult } from '../../workflows/activity-interfaces.ts';
import type { ContenderReport } from '../../workflows/domain/contest.ts';
import type { DeploymentId } from '../../workflows/domain/ids.ts';
import { toDeploymentId } from '../../workflows/domain/ids.ts';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import type { DatedPrices } from '../../workflows/domain/price.ts';
import type { Deployment, Route } from '../../workflows/domain/route.ts';
import { newStatus } from '../../workflows/domain/task-progress.ts';
import type { TaskEventBody, TaskStatus } from '../../workflows/domain/task-status.ts';
import type { AssistantMessage, Reasoning, ToolCall, ToolResult, UserMessage } from '../../workflows/domain/transcript.ts';
import type { TurnAnswer } from '../../workflows/domain/turn.ts';
import type { Usage } from '../../workflows/domain/usage.ts';

export const MODEL = 'gpt-6.1-sol';

export function aDeployment(overrides: Partial<Deployment> = {}): Deployment {
  const endpoint = overrides.endpoint ?? 'azure-eastus2';
  return {
    id: toDeploymentId(endpoint, MODEL),
    endpoint,
    cloud: 'azure',
    region: 'eastus2',
    model: MODEL,
    boundary: `azure:${endpoint}:eastus2:gpt-6`,
    capabilities: ['streaming', 'tools', 'custom-tools'],
    price: {
      inputUsdMicrosPerMillion: 1_000_000,
      cachedInputUsdMicrosPerMillion: 100_000,
      outputUsdMicrosPerMillion: 10_000_000,
    },
    ...overrides,
  };
}

/** One price for always. */
export function pricesOf({ price }: Deployment): DatedPrices {
  return [{ fromMs: 0, price }];
}

export function aRoute(...endpoints: readonly string[]): Route {
  return { model: MODEL, deployments: endpoints.map((endpoint) => aDeployment({ endpoint })) };
}

export function aRouteDecision(overrides: Partial<RouteDecision> = {}): RouteDecision {
  return {
    id: 'decision-1',
    outcome: 'single-no-failover',
    asOf: '2026-11-22',
    knownAt: '2026-11-22T00:00:00.000Z',
    catalogDigest: 'catalog-1',
    policyDigest: 'policy-1',
    engineVersion: '1',
    excluded: {},
    notConfigured: {},
    ...overrides,
  };
}

export function aFailure(overrides: Partial<ModelFailure> = {}): ModelFailure {
  return { kind: 'unavailable', phase: 'connect', acceptance: 'not-accepted', scope: 'deployment', ...overrides };
}

export function anAnswer(overrides: Partial<TurnAnswer> = {}): TurnAnswer {
  return {
    head: 'head',
    calls: [],
    excerpt: 'done',
    usage: { inputTokens: 100, cachedInputTokens: 0, outputTokens: 10, reasoningTokens: 0 },
    costUsdMicros: 200,
    ...overrides,
  };
}

export function deploymentAt(endpoint: string): DeploymentId {
  return toDeploymentId(endpoint, MODEL);
}

export function aUsage(overrides: Partial<Usage> = {}): Usage {
  return { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0, ...overrides };
}

export function userSaid(text: string): UserMessage {
  return { kind: 'user-message', text };
}

export function said(text: string): AssistantMessage {
  return { kind: 'assistant-message', text };
}

export function aReasoning(overrides: Partial<Reasoning> = {}): Reasoning {
  return { kind: 'reasoning', boundary: 'here', payload: '{"type":"reasoning","encrypted_content":"blob"}', ...overrides };
}

export function aToolCall(overrides: Partial<ToolCall> = {}): ToolCall {
  return { kind: 'tool-call', callId: 'call_1', name: 'read_file', input: { kind: 'json', text: '{"path":"a"}' }, ...overrides };
}

export function aToolResult(overrides: Partial<ToolResult> = {}): ToolResult {
  return { kind: 'tool-result', callId: 'call_1', outcome: 'ok', output: 'done', ...overrides };
}

export function aStatus(overrides: Partial<TaskStatus> = {}): TaskStatus {
  return { ...newStatus({ taskId: 'task-1', model: MODEL }), ...overrides };
}

type TurnAnswered = Extract<TaskEventBody, { kind: 'turn-answered' }>;

export function aTurnAnswered(overrides: Partial<TurnAnswered> = {}): TurnAnswered {
  return {
    kind: 'turn-answered',
    turn: 1,
    deployment: deploymentAt('azure-eastus2'),
    excerpt: '',
    toolCalls: 0,
    usage: aUsage({ inputTokens: 100, outputTokens: 10 }),
    costUsdMicros: 200,
    ...overrides,
  };
}

export function aResult(overrides: Partial<TaskResult> = {}): TaskResult {
  return {
    taskId: 'task-1',
    state: 'completed',
    output: 'Done.',
    turns: 1,
    attempts: [],
    usage: aUsage({ inputTokens: 100, outputTokens: 10 }),
    paid: { usdMicros: 200, byCloud: {}, byEndpoint: {} },
    suspenseUsdMicros: 0,
    suspectedTwice: { count: 0, usdMicros: 0 },
    toolEffectsTwice: 0,
    diff: '',
    ...overrides,
  };
}

export function aContender(overrides: Partial<ContenderReport> = {}): ContenderReport {
  const number = overrides.number ?? 1;
  return {
    number,
    taskId: `contest-${number}`,
    state: 'completed',
    hasResult: true,
    excerpt: 'Done.',
    turns: 1,
    toolCalls: 1,
    usage: aUsage({ inputTokens: 100, outputTokens: 10 }),
    costUsdMicros: 1_000,
    suspenseUsdMicros: 0,
    diffStat: { files: 1, insertions: 1, deletions: 0 },
    ...overrides,
  };
}
