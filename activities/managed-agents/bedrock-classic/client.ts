import type { BedrockAgentRuntimeClientConfig } from '@aws-sdk/client-bedrock-agent-runtime';
import { BedrockAgentRuntimeClient } from '@aws-sdk/client-bedrock-agent-runtime';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { setTimeout as pause } from 'node:timers/promises';
import type { AwsCredential } from '../../clouds/cloud-client.ts';
import { ModelFailureError } from '../../clouds/cloud-client.ts';
import type { CallTimeouts } from '../../clouds/responses-api/cloud-dialect.ts';
import type { ManagedAgentClient, ManagedAgentTraits, OpenSession, SessionInput, SessionTurn } from '../managed-agent-client.ts';
import type { Exchange } from './exchange.ts';
import { exchange } from './exchange.ts';
import type { AgentCommand } from './request.ts';
import { idleMsOf, notSent, renderEnd, renderInput, renderOpening } from './request.ts';
import { readTurn } from './response.ts';

export interface BedrockClassicConnection {
  readonly region: string;
  readonly baseUrl?: string;
  readonly credential: AwsCredential;
}

/** SDK 3.1164 and the user guide, 2026-11. Closed to new customers since 2026-07-30. */
export const BEDROCK_CLASSIC_TRAITS: ManagedAgentTraits = {
  functionCalls: true,
  // Confirmations of actions that the agent runs by itself, which are asked for and answered the same way.
  mcpApprovals: true,
  idempotentInput: false,
  readableSessions: false,
  findableSessions: false,
  namesSessions: true,
  cancel: false,
  close: true,
  savedAgents: 'optional',
  // Collaborators of a saved agent.
  subAgents: true,
  usage: true,
};

/**
 * Amazon Bedrock Agents Classic.
 * @throws Error for a Bedrock API key, which this service's operations do not take
 */
export function createBedrockClassicClient(connection: BedrockClassicConnection, timeouts: CallTimeouts): ManagedAgentClient {
  const sdk = new BedrockAgentRuntimeClient(toConfiguration(connection));
  const invoke = <Result>(setting: Omit<Exchange, 'sdk' | 'timeouts'>, command: AgentCommand, read: Read<Result>) =>
    exchange({ sdk, timeouts, ...setting }, command, read);
  return {
    traits: BEDROCK_CLASSIC_TRAITS,
    open: async (plan, input, options) => {
      const command = renderOpening(plan, input);
      const subject = { sessionId: plan.key, isOpening: true };
      const turn = await invoke({ subject, options }, command, (events) => readTurn(events, plan));
      return { ...marked(turn), sessionId: plan.key };
    },
    send: async (session, input, options) => {
      assertKept(session);
      const { sessionId, plan } = session;
      assertSaid(input);
      const command = renderInput(sessionId, plan, input);
      const subject = { sessionId, isOpening: false };
      return marked(await invoke({ subject, options }, command, (events) => readTurn(events, plan)));
    },
    find: async () => {
      throw notSent('unsupported', 'sessions cannot be found');
    },
    reconcile: async () => {
      throw notSent('unsupported', 'sessions cannot be read');
    },
    cancel: async () => {
      throw notSent('unsupported', 'turns cannot be stopped');
    },
    close: (session) =>
      endSession(session, timeouts, (command) => {
        const subject = { sessionId: session.sessionId, isOpening: false };
        const atEnd = { ...timeouts, firstEventMs: timeouts.cancelMs, idleMs: timeouts.cancelMs };
        return exchange({ sdk, timeouts: atEnd, subject, options: {} }, command, readAway);
      }),
  };
}

type Read<Result> = Parameters<typeof exchange<Result>>[2];

function toConfiguration({ region, baseUrl, credential }: BedrockClassicConnection): BedrockAgentRuntimeClientConfig {
  return {
    region,
    // Given always, as is what else the SDK would read from the environment: only the configuration counts.
    endpoint: baseUrl ?? `https://bedrock-agent-runtime.${region}.amazonaws.com`,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    credentials: toCredentials(credential),
    // Whoever calls decides whether to send again: an invocation changes its session.
    maxAttempts: 1,
    // HTTP/1.1 instead of the SDK's HTTP/2, and a connection for each call: one that was kept and is stale by now would break after the
    // input was sent, and leave open whether it was taken.
    requestHandler: new NodeHttpHandler({
      httpAgent: { keepAlive: false, maxSockets: Infinity },
      httpsAgent: { keepAlive: false, maxSockets: Infinity },
    }),
  };
}

function toCredentials(credential: AwsCredential): NonNullable<BedrockAgentRuntimeClientConfig['credentials']> {
  switch (credential.kind) {
    case 'bearer-token':
      throw new Error(
        'Bedrock Agents Classic takes no Bedrock API key: configure an access key, a profile or the default chain of AWS for it',
      );
    case 'access-key': {
      const { accessKeyId, secretAccessKey, sessionToken } = credential;
      return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
    }
    case 'profile':
      return defaultProvider({ profile: credential.profile });
    case 'default-chain':
      return defaultProvider();
  }
}

/** When the session was last heard of. */
function marked(turn: SessionTurn): SessionTurn {
  return { ...turn, marker: String(Date.now()) };
}

/**
 * A session that was left alone for longer than it is kept is not asked: the service would begin a new one under its name, without a
 * word of what was said.
 */
function assertKept({ plan, marker }: OpenSession): void {
  if (marker !== undefined && Date.now() - Number(marker) > idleMsOf(plan)) throw notSent('not-found', 'session expired');
}

function assertSaid({ results, messages }: SessionInput): void {
  if (results.length === 0 && messages.length === 0) throw notSent('invalid-request', 'nothing to say');
}

/** One that still works is in conflict with its end, which is tried again within the limit for small requests. */
async function endSession(
  { sessionId, plan }: OpenSession,
  { cancelMs, pollMs }: CallTimeouts,
  end: (command: AgentCommand) => Promise<void>,
): Promise<void> {
  const until = Date.now() + cancelMs;
  for (;;) {
    try {
      return await end(renderEnd(sessionId, plan));
    } catch (error) {
      const status = error instanceof ModelFailureError ? error.failure.status : undefined;
      if (status === 404) return;
      if (status !== 409 || Date.now() > until) throw error;
    }
    await pause(pollMs);
  }
}

async function readAway(events: AsyncIterable<unknown>): Promise<void> {
  for await (const event of events) void event;
}
