/** What a session is opened with, and the names by which it and its inputs are known: the same whenever a call is made again. */
import type { TaskId } from '../../workflows/domain/ids.ts';
import { digestOf } from '../digest.ts';
import type { ModelCall } from '../model-call.ts';
import type { AgentSessionRecord } from '../store/agent-session-record.ts';
import type { OpenSession, SessionPlan } from './managed-agent-client.ts';
import { MCP_APPROVAL } from './managed-agent-client.ts';

type Named = Pick<AgentSessionRecord, 'deployment' | 'generation' | 'agentId'>;

/** Of one input and no other. */
export function inputKey({ key }: ModelCall, { deployment, generation }: Named): string {
  return digestOf([key.taskId, deployment, generation, key.turn, key.attempt]);
}

/** Of one opening and no other; where the client names sessions, of the session. */
export function planKey(taskId: TaskId, { deployment, generation }: Named): string {
  return digestOf([taskId, deployment, generation]);
}

/** Which saved agent a new session has: the request's own comes before that of the deployment. */
export function agentOf({ settings }: ModelCall, configured: string | undefined): string | undefined {
  return settings.request?.agent ?? configured;
}

/** A session keeps the agent that it was opened with, whatever is configured by now. */
export function toPlan(call: ModelCall, record: Named, configured: string | undefined): SessionPlan {
  const { key, served, settings, tools } = call;
  const agentId = record.agentId ?? agentOf(call, configured);
  return {
    key: planKey(key.taskId, record),
    ...(agentId === undefined ? {} : { agentId }),
    wireModel: served.wireModel,
    instructions: settings.instructions,
    tools: tools.filter(({ name }) => name !== MCP_APPROVAL),
    metadata: { task: key.taskId, generation: String(record.generation) },
  };
}

/** As much of it as its end takes: services that keep sessions under their agent want it named there, too. */
export function toEndPlan(
  taskId: TaskId,
  record: Named,
  configured: { readonly agentId?: string; readonly wireModel: string },
): SessionPlan {
  const { wireModel } = configured;
  const { agentId = configured.agentId } = record;
  const agent = agentId === undefined ? {} : { agentId };
  return { key: planKey(taskId, record), ...agent, wireModel, instructions: '', tools: [], metadata: {} };
}

/** `undefined`: its name is not known. */
export function openSession({ sessionId, marker }: AgentSessionRecord, plan: SessionPlan): OpenSession | undefined {
  return sessionId === undefined ? undefined : { sessionId, plan, ...(marker === undefined ? {} : { marker }) };
}
