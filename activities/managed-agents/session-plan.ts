/** What a session is opened with, and the names by which it and its inputs are known: the same whenever a call is made again. */
import type { TaskId } from '../../workflows/domain/ids.ts';
import { digestOf } from '../digest.ts';
import type { ModelCall } from '../model-call.ts';
import type { AgentSessionRecord } from '../store/task-store.ts';
import type { OpenSession, SessionPlan } from './managed-agent-client.ts';
import { MCP_APPROVAL } from './managed-agent-client.ts';

type Named = Pick<AgentSessionRecord, 'deployment' | 'generation'>;

/** Of one input and no other. */
export function inputKey({ key }: ModelCall, { deployment, generation }: Named): string {
  return digestOf([key.taskId, deployment, generation, key.turn, key.attempt]);
}

/** Of one opening and no other; where the client names sessions, of the session. */
export function planKey(taskId: TaskId, { deployment, generation }: Named): string {
  return digestOf([taskId, deployment, generation]);
}

/** `agentId` is that of the deployment; the request's own comes before it. */
export function toPlan({ key, served, settings, tools }: ModelCall, record: Named, agentId: string | undefined): SessionPlan {
  const agent = settings.request?.agent ?? agentId;
  return {
    key: planKey(key.taskId, record),
    ...(agent === undefined ? {} : { agentId: agent }),
    wireModel: served.wireModel,
    instructions: settings.instructions,
    tools: tools.filter(({ name }) => name !== MCP_APPROVAL),
    metadata: { task: key.taskId, generation: String(record.generation) },
  };
}

/** `undefined`: its name is not known. */
export function openSession({ sessionId, marker }: AgentSessionRecord, plan: SessionPlan): OpenSession | undefined {
  return sessionId === undefined ? undefined : { sessionId, plan, ...(marker === undefined ? {} : { marker }) };
}
