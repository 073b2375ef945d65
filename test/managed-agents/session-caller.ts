/** A task's sessions at one emulated service, over a store of their own. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CallOptions } from '../../activities/clouds/cloud-client.ts';
import { createSessionCaller } from '../../activities/managed-agents/call-session.ts';
import type { ModelCall } from '../../activities/model-call.ts';
import type { ServedDeployment } from '../../activities/served-deployment.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import type { TranscriptItem } from '../../workflows/domain/transcript.ts';
import { aDeployment } from '../support/builders.ts';
import { scratchFolder } from '../tools/tool-scene.ts';
import type { EmulatedService } from './emulated-services.ts';
import { EMULATED_SERVICES } from './emulated-services.ts';
import { IMPATIENT } from './scene.ts';

export function serviceOf(name: string): EmulatedService {
  const found = EMULATED_SERVICES.find((service) => service.name === name);
  if (found === undefined) throw new Error(`there is no emulated service ${name}`);
  return found;
}

export function ask(text: string): TranscriptItem {
  return { kind: 'user-message', text };
}

/** One deployment's sessions, over a store of their own. */
export async function sessionsOf(service: EmulatedService, origin: string, own?: string) {
  const store = await openSqliteTaskStore(join(scratchFolder(), 'a.db'));
  onTestFinished(() => store.close());
  const taskId = toTaskId(`t-${randomUUID()}`);
  const { agentId, wireModel = 'm' } = service.plan;
  const client = service.createClient(origin, IMPATIENT);
  const caller = createSessionCaller(store, { client, wireModel, ...(agentId === undefined ? {} : { agentId }) });
  // What else a deployment is served with has no part in this.
  const served = { deployment: aDeployment(), wireModel } as ServedDeployment;
  let attempt = 0;
  const call = (transcript: readonly TranscriptItem[], signal = new AbortController().signal, turn = 1) => {
    attempt += 1;
    const key = { taskId, turn, attempt };
    const asked: ModelCall = {
      key,
      served,
      background: true,
      settings: { instructions: 'Be brief.', tools: [], ...(own === undefined ? {} : { request: { model: 'm', agent: own } }) },
      tools: [],
      transcript,
    };
    const progress: CallOptions['progress'] = {
      onSending: async () => undefined,
      onResponseId: async () => undefined,
      onEvent: () => undefined,
    };
    return caller.call(asked, { signal, progress });
  };
  // Another worker, which may be configured with another agent by now.
  const later = createSessionCaller(store, { client, wireModel, ...(agentId === undefined ? {} : { agentId: 'another' }) });
  const close = async (): Promise<void> => {
    const open = (await store.listAgentSessions(taskId)).filter(({ isClosed }) => isClosed !== true);
    for (const record of open) await later.close(taskId, record);
  };
  return { call, close, records: () => store.listAgentSessions(taskId) };
}
