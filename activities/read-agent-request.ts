import { ApplicationFailure } from '@temporalio/activity';
import type { ReadAgentRequestInput, TaskRequest } from '../workflows/activity-interfaces.ts';
import { toActivityFailure } from './failures.ts';
import type { TaskStore } from './store/task-store.ts';

/** The activity `readAgentRequest`: an agent works under the terms of its task, but for what it is asked and what it may use up. */
export function createReadAgentRequest({ store }: { readonly store: TaskStore }) {
  return async ({ parent, message, budget: share }: ReadAgentRequestInput): Promise<TaskRequest> => {
    try {
      const { request } = await store.getSettings(parent);
      const asked = await store.getItem(parent, message);
      if (request === undefined || asked.kind !== 'user-message') {
        throw ApplicationFailure.nonRetryable(`task ${parent} asked no agent`, 'BrokenInvariant');
      }
      const { outputSchema: _schema, subAgents: _agents, budget: _budget, check: _check, ...terms } = request;
      return { ...terms, prompt: asked.text, ...(share === undefined ? {} : { budget: share }) };
    } catch (error) {
      throw toActivityFailure(error);
    }
  };
}
