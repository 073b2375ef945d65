/** Values of the domain with sensible defaults; a test names only what it is about. */
import type { DeploymentId } from '../../workflows/domain/ids.ts';
import { toDeploymentId } from '../../workflows/domain/ids.ts';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import type { Deployment, Route } from '../../workflows/domain/route.ts';
import type { TurnAnswer } from '../../workflows/domain/turn.ts';

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

export function aRoute(...endpoints: readonly string[]): Route {
  return { model: MODEL, deployments: endpoints.map((endpoint) => aDeployment({ endpoint })) };
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
