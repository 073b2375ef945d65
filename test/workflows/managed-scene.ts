/** The two services of managed agents that differ most, and what they have seen of a task. */
import { readAgentLedger } from '../managed-agents/conversation.ts';
import type { Cluster } from '../support/start-cluster.ts';

export const SERVICES = [
  { endpoint: 'openai-agents', cloud: 'openai' },
  { endpoint: 'foundry-agents', cloud: 'azure' },
] as const;
export type Service = (typeof SERVICES)[number];

/** Side by side: neither knows of the other. */
export function atEach(story: (service: Service) => Promise<void>, services: readonly Service[] = SERVICES) {
  return async () => void (await Promise.all(services.map(story)));
}

/** Session by session: each input as its messages, but for the environment, then `result` for each result. */
export async function sessionsOf(cluster: Cluster, { endpoint }: Service, taskId: string) {
  const { sessions, inputs, generations } = await readAgentLedger(cluster.control(endpoint));
  return sessions
    .filter(({ metadata }) => metadata['task'] === taskId)
    .map(({ id, closed }) => ({
      closed,
      inputs: inputs
        .filter(({ sessionId }) => sessionId === id)
        .map(({ said = [], results }) => [
          ...said.filter((text) => !text.startsWith('<environment_context>')),
          ...Array.from({ length: results }, () => 'result'),
        ]),
      generations: generations.filter(({ sessionId }) => sessionId === id).length,
    }));
}

export function clearFaults(cluster: Cluster) {
  return Promise.all(SERVICES.map(({ endpoint }) => cluster.clearFaults(endpoint)));
}
