import OpenAI from 'openai';
import { NEUTRAL_SDK } from '../../clouds/responses-api/neutral-sdk.ts';
import type { AzureCredential } from '../../clouds/cloud-client.ts';
import { ModelFailureError } from '../../clouds/cloud-client.ts';
import type { CallTimeouts } from '../../clouds/responses-api/cloud-dialect.ts';
import { observedFetch } from '../../clouds/responses-api/observed-fetch.ts';
import { readJson } from '../../clouds/responses-api/read-json.ts';
import { BrokenStreamError } from '../../clouds/responses-api/read-response-stream.ts';
import type { CallSetting, FailingDialect } from '../agents-api/exchange.ts';
import { exchange, inCall, tell } from '../agents-api/exchange.ts';
import { assertServed } from '../agents-api/render-input.ts';
import type { ManagedAgentClient, ManagedAgentTraits, OpenSession, SessionInput, SessionPlan } from '../managed-agent-client.ts';
import { FOUNDRY_FAILURE } from './failure.ts';
import type { FoundryCall } from './follow-response.ts';
import { cancelResponse, followStream, readConversation, reconcile, tellSending } from './follow-response.ts';
import { renderMetadata, renderResponse } from './request.ts';
import { CONVERSATION, FOUNDRY_RESPONSE, notedResponse } from './response.ts';

export interface FoundryAgentsConnection {
  /** Of the project: `https://<resource>.services.ai.azure.com/api/projects/<project>`. */
  readonly projectUrl: string;
  /** A token of Entra ID for `https://ai.azure.com`: the service takes no key. */
  readonly credential: Extract<AzureCredential, { kind: 'bearer-token' }>;
}

/** `@azure/ai-projects` 2.2.0 and the service's pages, 2026-11: the v1 API, which has no further version. */
export const FOUNDRY_AGENTS_TRAITS: ManagedAgentTraits = {
  functionCalls: true,
  mcpApprovals: true,
  idempotentInput: false,
  readableSessions: true,
  // The service gives a conversation its id, and no page tells how to list them by metadata.
  findableSessions: false,
  namesSessions: false,
  cancel: true,
  close: true,
  savedAgents: 'optional',
  subAgents: false,
  usage: true,
};

const API_PATH = '/openai/v1';
const DIALECT: FailingDialect = { response: FOUNDRY_RESPONSE, failure: FOUNDRY_FAILURE };

/** Foundry Agent Service speaks the Responses API in conversations, with a saved agent named in each request. */
export function createFoundryAgentsClient(connection: FoundryAgentsConnection, timeouts: CallTimeouts): ManagedAgentClient {
  const sdk = new OpenAI({
    apiKey: connection.credential.token,
    baseURL: `${connection.projectUrl.replace(/\/+$/, '')}${API_PATH}`,
    ...NEUTRAL_SDK,
    fetch: observedFetch,
  });
  const run = <Result>(setting: CallSetting, work: (call: FoundryCall) => Promise<Result>): Promise<Result> =>
    inCall({ dialect: DIALECT, timeouts }, sdk, { setting, work });
  const atEnd = ({ sessionId }: OpenSession, work: (call: FoundryCall) => Promise<void>): Promise<void> =>
    run({ options: {}, acceptance: 'as-told', sessionId, silenceMs: timeouts.cancelMs }, work);
  return {
    traits: FOUNDRY_AGENTS_TRAITS,
    open: async (plan, input, options) => {
      assertServed(plan, input, FOUNDRY_AGENTS_TRAITS);
      // What it cannot say is refused before there is a conversation.
      renderResponse({ conversation: '', plan, input, isFirst: true });
      return run({ options, acceptance: 'as-told' }, (call) => openConversation(call, plan, input));
    },
    send: async (session, input, options) => {
      assertServed({ ...session.plan, tools: [] }, input, FOUNDRY_AGENTS_TRAITS);
      const { sessionId } = session;
      return run({ options, acceptance: 'as-told', sessionId }, (call) =>
        respond(call, { session, input }, async () => {
          await tell(call, async () => call.progress?.onSession(sessionId));
        }),
      );
    },
    find: async () => {
      throw new ModelFailureError({
        kind: 'unsupported',
        phase: 'resolve',
        acceptance: 'not-accepted',
        scope: 'deployment',
        code: 'find',
      });
    },
    reconcile: (session, input, options) =>
      run({ options, acceptance: 'unknown', sessionId: session.sessionId }, (call) => reconcile(call, session, input)),
    cancel: (session) => atEnd(session, (call) => stop(call, session)),
    close: (session) => atEnd(session, (call) => remove(call, session)),
  };
}

/** Told at once: a conversation that nobody knows could not be removed. Its input follows. */
async function openConversation(call: FoundryCall, plan: SessionPlan, input: SessionInput) {
  const metadata = renderMetadata(plan);
  const created = await exchange(
    call,
    (signal) => call.sdk.conversations.create({ metadata }, { signal }).asResponse(),
    () => tellSending(call),
  );
  const conversation = CONVERSATION.safeParse(await readJson(created)).data;
  if (conversation === undefined) throw new BrokenStreamError('malformed conversation');
  const session = { sessionId: conversation.id, plan };
  await tell(call, async () => call.progress?.onSession(session.sessionId));
  call.answered = undefined;
  const turn = await respond(call, { session, input }, async () => {
    call.sessionId = session.sessionId;
  });
  return { ...turn, sessionId: session.sessionId };
}

interface Saying {
  readonly session: OpenSession;
  readonly input: SessionInput;
}

async function respond(call: FoundryCall, { session, input }: Saying, onAccepted: () => Promise<void>) {
  const { sessionId, plan } = session;
  // An opening that is said again reaches a conversation that is there, but has heard nothing.
  const body = renderResponse({ conversation: sessionId, plan, input, isFirst: session.marker === undefined });
  const response = await exchange(
    call,
    (signal) => call.sdk.responses.create(body, { signal }).asResponse(),
    call.sessionId === undefined ? undefined : () => tellSending(call),
  );
  call.acceptance = 'accepted';
  call.timer.restart(call.timeouts.firstEventMs);
  return followStream(call, response, { session, input, onAccepted });
}

async function stop(call: FoundryCall, { sessionId }: OpenSession): Promise<void> {
  const running = notedResponse(await readConversation(call, sessionId));
  if (running !== undefined) await cancelResponse(call, running);
}

/** One that works is stopped first: what it would still do, nobody would see. */
async function remove(call: FoundryCall, session: OpenSession): Promise<void> {
  try {
    await stop(call, session);
    const response = await exchange(call, (signal) => call.sdk.conversations.delete(session.sessionId, { signal }).asResponse());
    await response.body?.cancel();
  } catch (error) {
    if (!(error instanceof ModelFailureError) || error.failure.status !== 404) throw error;
  }
}
