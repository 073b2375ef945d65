/** Whether saved agents are named as their service names them: a name of another form would fail in every task that it serves. */
import { parseEngine } from '../activities/managed-agents/agent-engine/request.ts';
import { parseSavedAgent } from '../activities/managed-agents/bedrock-classic/saved-agent.ts';
import { parseReference } from '../activities/managed-agents/foundry-agents/request.ts';
import type { ManagedService } from '../workflows/domain/managed-service.ts';
import type { Report } from './config-mistakes.ts';
import type { RawEndpoint } from './config-schema.ts';

interface NameForm {
  isOne(name: string): boolean;
  /** As it is written. */
  readonly form: string;
}

/** As OpenAI gives them, whose form it does not document. */
const AGENT_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]*$/;

const FORMS = {
  'agents-api': { isOne: (name) => AGENT_ID.test(name), form: 'its id, such as "agent_123"' },
  'bedrock-agents-classic': {
    isOne: (name) => parseSavedAgent(name) !== undefined,
    form: 'AGENTID/ALIASID, such as "ABCDEFGHIJ/TSTALIASID"',
  },
  'foundry-agents': {
    isOne: (name) => parseReference(name) !== undefined,
    form: 'its name, or name and version, such as "helper" or "helper:2"',
  },
  'agent-engine': {
    isOne: (name) => parseEngine(name) !== undefined,
    form: 'its id, such as "4711", or projects/PROJECT/locations/REGION/reasoningEngines/ID',
  },
} satisfies Partial<Record<ManagedService, NameForm>>;

type Named = keyof typeof FORMS;

/** Of a service whose agents have names. */
export function checkAgentName(service: Named, raw: RawEndpoint, report: Report): void {
  for (const [model, details] of Object.entries(raw.deployments)) {
    const agent = typeof details === 'string' ? undefined : details.agent;
    const mistake = agent === undefined ? undefined : mistakeOf(service, raw, agent);
    if (mistake !== undefined) report(['deployments', model, 'agent'], mistake);
  }
}

function mistakeOf(service: Named, { project, region }: RawEndpoint, agent: string): string | undefined {
  const { isOne, form } = FORMS[service];
  if (!isOne(agent)) return `${JSON.stringify(agent)} is no agent of service ${service}: write ${form}`;
  if (service !== 'agent-engine') return undefined;
  const engine = parseEngine(agent);
  if (engine?.location !== undefined && region !== undefined && engine.location !== region)
    return `the engine is in ${engine.location}, but the region is ${region}: correct one of them`;
  if (engine?.project !== undefined && project !== undefined && engine.project !== project)
    return `the engine is of project ${engine.project}, but the project is ${project}: correct one of them, or write the engine's id alone`;
  return undefined;
}
