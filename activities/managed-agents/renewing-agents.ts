/** A service's client whose credentials may run out or be changed while it lives: sessions outlast many a token. */
import type { Renewal } from '../clouds/renewing-client.ts';
import { renewWhenRefused } from '../clouds/renewing-client.ts';
import type { ManagedAgentClient, SessionOptions } from './managed-agent-client.ts';

function noteName(options: SessionOptions) {
  let isNamed = false;
  const onSession = async (sessionId: string): Promise<void> => {
    isNamed = true;
    await options.progress.onSession(sessionId);
  };
  return { options: { ...options, progress: { ...options.progress, onSession } }, isNamed: () => isNamed };
}

export function createRenewingAgents(renewal: Renewal<ManagedAgentClient>): ManagedAgentClient {
  const { current, send, ask } = renewWhenRefused(renewal);
  return {
    // The service's, whoever speaks to it.
    traits: current().traits,
    open: (plan, input, options) => {
      const naming = noteName(options);
      // One that has its name is removed by that name: a second one would take its place in the task's records.
      return send((to) => to.open(plan, input, naming.options), naming.isNamed);
    },
    send: (session, input, options) => send((to) => to.send(session, input, options)),
    find: (plan, options) => ask((to) => to.find(plan, options)),
    reconcile: (session, input, options) => ask((to) => to.reconcile(session, input, options)),
    cancel: (session) => ask((to) => to.cancel(session)),
    close: (session) => ask((to) => to.close(session)),
  };
}
