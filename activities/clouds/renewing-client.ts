/** A client whose credentials may run out or be changed while it lives: a token that expires, a key that is rotated in its file. */
import type { CloudClient, EndpointConnection } from './cloud-client.ts';
import { ModelFailureError } from './cloud-client.ts';
import { createCloudClient } from './create-cloud-client.ts';
import type { CallTimeouts } from './responses-api/cloud-dialect.ts';

/**
 * Reads the credentials anew when the cloud refuses them, and sends once more if they may be others now. A refusal took nothing, so
 * that nothing is sent twice. `connect` reads the secrets each time.
 */
export function createRenewingClient(connect: () => EndpointConnection, timeouts: Partial<CallTimeouts> = {}): CloudClient {
  let connection = connect();
  let client = createCloudClient(connection, timeouts);
  const renew = (): boolean => {
    const next = connectAgain(connect);
    if (next === undefined) return false;
    if (!isKeptElsewhere(next) && JSON.stringify(next) === JSON.stringify(connection)) return false;
    connection = next;
    // A new client keeps nothing of the old one's cache of tokens.
    client = createCloudClient(next, timeouts);
    return true;
  };
  const call = async <Answer>(send: (to: CloudClient) => Promise<Answer>): Promise<Answer> => {
    const used = client;
    try {
      return await send(used);
    } catch (error) {
      // Another call may have renewed them meanwhile.
      if (!isRefusedCredential(error) || (used === client && !renew())) throw error;
      return send(client);
    }
  };
  return {
    invoke: (request, options) => call((to) => to.invoke(request, options)),
    reattach: (responseId, request, options) => call((to) => to.reattach(responseId, request, options)),
    cancel: (responseId) => call((to) => to.cancel(responseId)),
  };
}

/** A secret that is gone by now renews nothing: the refusal says what is wrong. */
function connectAgain(connect: () => EndpointConnection): EndpointConnection | undefined {
  try {
    return connect();
  } catch {
    return undefined;
  }
}

/** Chains and profiles find their credentials themselves, and may find others next time. */
function isKeptElsewhere(connection: EndpointConnection): boolean {
  if (connection.cloud === 'openai') return false;
  const { kind } = connection.credential;
  return kind === 'default-chain' || kind === 'profile' || kind === 'default';
}

function isRefusedCredential(error: unknown): boolean {
  return error instanceof ModelFailureError && error.failure.kind === 'authentication' && error.failure.phase === 'headers';
}
