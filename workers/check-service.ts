/** Whether the keys of an endpoint that serves managed agents go together. */
import { SERVICE_CLOUDS } from '../workflows/domain/managed-service.ts';
import { checkAgentName } from './check-agent-name.ts';
import { checkServiceAddress } from './check-service-address.ts';
import type { Report } from './config-mistakes.ts';
import type { RawEndpoint } from './config-schema.ts';

/** A managed service is of one cloud, and what belongs to it is of no use without it. */
export function checkService(raw: RawEndpoint, report: Report): void {
  const { cloud, service, surface, runtime } = raw;
  if (service === undefined) {
    checkUseless(raw, report);
    return;
  }
  const own = SERVICE_CLOUDS[service];
  if (cloud !== own)
    report(['service'], `service ${service} is of cloud ${own}, not ${cloud}: write "cloud: ${own}", or remove it`);
  if (surface !== undefined) report(['surface'], 'surface is for models: remove it, or the service');
  if (raw.background !== undefined)
    report(['background'], 'background is for models, while a session always goes on by itself: remove it');
  if (service !== 'bedrock-managed-agents' && runtime !== undefined)
    report(['runtime'], `runtime is for service bedrock-managed-agents, not ${service}: remove it`);
  if (service === 'bedrock-managed-agents' && runtime === undefined)
    report([], 'service bedrock-managed-agents needs a runtime: add "runtime: { roleArn: arn:…, runtimeArn: arn:… }"');
  if (cloud === own) checkServiceAddress(service, raw, report);
  checkSavedAgents(raw, report);
  if (service !== 'bedrock-managed-agents') checkAgentName(service, raw, report);
  checkCredential(raw, report);
}

function checkUseless({ runtime, deployments }: RawEndpoint, report: Report): void {
  const remedy = 'remove it, or add the service';
  if (runtime !== undefined) report(['runtime'], `runtime is for service bedrock-managed-agents: ${remedy}`);
  const saved = Object.entries(deployments).find(([, value]) => typeof value !== 'string' && value.agent !== undefined);
  if (saved === undefined) return;
  report(['deployments', saved[0], 'agent'], `agent is for endpoints with a service of managed agents: ${remedy}`);
}

/** An engine is an agent; Bedrock's preview has none that is saved. */
function checkSavedAgents({ service, deployments }: RawEndpoint, report: Report): void {
  for (const [model, value] of Object.entries(deployments)) {
    const agent = typeof value === 'string' ? undefined : value.agent;
    if (service === 'agent-engine' && agent === undefined)
      report(['deployments', model], `the deployment of ${model} needs the engine that is called: add "agent: ID"`);
    if (service === 'bedrock-managed-agents' && agent !== undefined)
      report(['deployments', model, 'agent'], 'service bedrock-managed-agents has no saved agents: remove agent');
  }
}

function checkCredential({ service, auth }: RawEndpoint, report: Report): void {
  const hasToken = auth?.bearerTokenEnv !== undefined || auth?.bearerTokenFile !== undefined;
  if (service === 'foundry-agents' && !hasToken)
    report(['auth'], 'service foundry-agents takes a token of Entra ID: add auth with bearerTokenEnv or bearerTokenFile');
  if (service === 'bedrock-managed-agents' && hasToken)
    report(
      ['auth'],
      'service bedrock-managed-agents takes signed requests, no Bedrock API key: use an access key, a profile or the chain',
    );
}
