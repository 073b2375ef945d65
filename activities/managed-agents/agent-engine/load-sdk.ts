/**
 * The SDK's client of reasoning engines, which makes the requests. What they are answered is read by us: the SDK loses the headers of a
 * refusal, and reads a stream in one of its two forms only. So it is given a fetch and credentials of ours, at two places of its client
 * that version 1.12.0, to which it is pinned, has no options for.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Client } from '@google-cloud/vertexai';
import { observedFetch } from '../../clouds/responses-api/observed-fetch.ts';

type Engines = Client['agentEnginesInternal'];

export interface AgentEngineSdk {
  /** Sends the one request that the SDK makes of this. */
  send(make: (engines: Engines) => Promise<unknown>): Promise<Response>;
  /** `:streamQuery`, which the SDK has no method for. */
  streamQuery(engine: string, body: object, abortSignal: AbortSignal): Promise<Response>;
}

interface SdkOptions {
  readonly project: string;
  readonly location: string;
  readonly baseUrl?: string | undefined;
  readonly getToken: () => Promise<string>;
}

const answered = new AsyncLocalStorage<{ response?: Response }>();

/** Large, and of use to this service alone: loaded when it is called first. */
export async function loadSdk({ project, location, baseUrl, getToken }: SdkOptions): Promise<AgentEngineSdk> {
  const sdk = await import('@google-cloud/vertexai');
  class ObservedClient extends sdk.Client {
    readonly api = this.apiClient;
  }
  const client = new ObservedClient({ project, location, ...(baseUrl === undefined ? {} : { apiEndpoint: baseUrl }) });
  Object.assign(client.api.clientOptions, { auth: { addAuthHeaders: (headers: Headers) => authorize(headers, getToken) } });
  Object.assign(client.api, { apiCall: takeAnswer });
  return {
    // Its public name warns on the console.
    send: (make) => sending(() => make(client._agentEnginesInternal)),
    streamQuery: (engine, body, abortSignal) =>
      sending(() =>
        client.api.request({
          path: `${engine}:streamQuery`,
          queryParams: { alt: 'sse' },
          body: JSON.stringify(body),
          httpMethod: 'POST',
          abortSignal,
        }),
      ),
  };
}

async function authorize(headers: Headers, getToken: () => Promise<string>): Promise<void> {
  const token = await getToken();
  if (token === '') throw new Error('the credentials give no token');
  headers.set('Authorization', `Bearer ${token}`);
}

/** The SDK gets an empty answer; the real one is ours. */
async function takeAnswer(url: string, init: RequestInit): Promise<Response> {
  const response = await observedFetch(url, init);
  const holder = answered.getStore();
  if (holder !== undefined) holder.response = response;
  return new Response('{}');
}

async function sending(request: () => Promise<unknown>): Promise<Response> {
  const holder: { response?: Response } = {};
  await answered.run(holder, request);
  if (holder.response === undefined) throw new Error('the SDK has sent nothing');
  return holder.response;
}
