/** Sessions that nobody goes on with: what they do is stopped, and at the end of their task they are removed. */
import type { TaskId } from '../../workflows/domain/ids.ts';
import { ModelFailureError } from '../clouds/cloud-client.ts';
import type { AgentSessionRecord } from '../store/agent-session-record.ts';
import type { ManagedAgentClient, SessionPlan } from './managed-agent-client.ts';
import { openSession, toEndPlan } from './session-plan.ts';

/** What it takes to have sessions at a deployment. */
export interface ServedAgents {
  readonly client: ManagedAgentClient;
  /** The model's name at the service. */
  readonly wireModel: string;
  /** The service's id of a saved agent. */
  readonly agentId?: string;
}

/** A list of sessions takes seconds at most. */
const FIND_TIMEOUT_MS = 30_000;

/** As far as that can be done: what nobody will read should not be worked at. */
export async function stopWork({ client }: ServedAgents, record: AgentSessionRecord, plan: SessionPlan): Promise<void> {
  if (!client.traits.cancel) return;
  try {
    const sessionId = await nameOf(client, record, plan);
    const session = openSession({ ...record, ...(sessionId === undefined ? {} : { sessionId }) }, plan);
    if (session !== undefined) await client.cancel(session);
  } catch (error) {
    if (!(error instanceof ModelFailureError)) throw error;
  }
}

/** Removes it, where that can be done. @throws ModelFailureError */
export async function closeSession(agents: ServedAgents, taskId: TaskId, record: AgentSessionRecord): Promise<void> {
  const { client } = agents;
  if (!client.traits.close) return;
  const plan = toEndPlan(taskId, record, agents);
  const sessionId = await nameOf(client, record, plan);
  if (sessionId !== undefined) await client.close({ sessionId, plan });
}

/** One whose name was never told is looked for: its opening may have been taken all the same. */
async function nameOf(client: ManagedAgentClient, { sessionId }: AgentSessionRecord, plan: SessionPlan) {
  if (sessionId !== undefined || !client.traits.findableSessions) return sessionId;
  return client.find(plan, { signal: AbortSignal.timeout(FIND_TIMEOUT_MS) });
}
