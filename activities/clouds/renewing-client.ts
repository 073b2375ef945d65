/** Clients whose credentials may run out or be changed while they live: a token that expires, a key that is rotated in its file. */
import type { CloudClient, EndpointConnection } from './cloud-client.ts';
import { ModelFailureError } from './cloud-client.ts';
import { createCloudClient } from './create-cloud-client.ts';
import type { CallTimeouts } from './responses-api/cloud-dialect.ts';

/** A client and where its credentials come from. */
export interface Renewal<Client> {
  /** Reads the secrets each time. */
  connect(): EndpointConnection;
  create(connection: EndpointConnection): Client;
}

type Work<Client, Answer> = (client: Client) => Promise<Answer>;

export interface Renewed<Client> {
  /** The one that is in use. */
  current(): Client;
  /** Has it do what must not be done twice; `hasBegun`: a part of it was done already. @throws what the client throws */
  send<Answer>(work: Work<Client, Answer>, hasBegun?: () => boolean): Promise<Answer>;
  /** Has it do what may be done twice. @throws what the client throws */
  ask<Answer>(work: Work<Client, Answer>): Promise<Answer>;
}

/**
 * Reads the credentials anew when the cloud refuses them, and sends once more if they may be others now and nothing was taken. What was
 * refused may be a further request of one that was taken: then the next call has the new ones.
 */
export function renewWhenRefused<Client>({ connect, create }: Renewal<Client>): Renewed<Client> {
  let connection = connect();
  let client = create(connection);
  const renew = (): boolean => {
    const next = connectAgain(connect);
    if (next === undefined) return false;
    if (!isKeptElsewhere(next) && JSON.stringify(next) === JSON.stringify(connection)) return false;
    connection = next;
    // A new client keeps nothing of the old one's cache of tokens.
    client = create(next);
    return true;
  };
  const call = async <Answer>(
    work: Work<Client, Answer>,
    isRepeatable: (error: ModelFailureError) => boolean,
  ): Promise<Answer> => {
    const used = client;
    try {
      return await work(used);
    } catch (error) {
      if (!isRefusedCredential(error)) throw error;
      // Another call may have renewed them meanwhile.
      const isRenewed = used !== client || renew();
      if (!isRenewed || !isRepeatable(error)) throw error;
      return work(client);
    }
  };
  return {
    current: () => client,
    send: (work, hasBegun = () => false) => call(work, ({ failure }) => failure.acceptance === 'not-accepted' && !hasBegun()),
    ask: (work) => call(work, () => true),
  };
}

/** A cloud's client that does so. */
export function createRenewingClient(connect: () => EndpointConnection, timeouts: Partial<CallTimeouts> = {}): CloudClient {
  const { send, ask } = renewWhenRefused({ connect, create: (connection) => createCloudClient(connection, timeouts) });
  return {
    invoke: (request, options) => send((to) => to.invoke(request, options)),
    reattach: (responseId, request, options) => ask((to) => to.reattach(responseId, request, options)),
    cancel: (responseId) => ask((to) => to.cancel(responseId)),
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

function isRefusedCredential(error: unknown): error is ModelFailureError {
  return error instanceof ModelFailureError && error.failure.kind === 'authentication' && error.failure.phase === 'headers';
}
