import OpenAI from 'openai';
import { NEUTRAL_SDK } from '../responses-api/neutral-sdk.ts';
import type { CloudClient, EndpointConnection } from '../cloud-client.ts';
import type { CallTimeouts } from '../responses-api/cloud-dialect.ts';
import { createResponsesClient } from '../responses-api/create-responses-client.ts';
import { OPENAI_FAILURE } from './failure.ts';
import { OPENAI_REQUEST } from './request.ts';
import { OPENAI_RESPONSE } from './response.ts';

const BASE_URL = 'https://api.openai.com/v1';

type OpenAIConnection = Extract<EndpointConnection, { cloud: 'openai' }>;

/** OpenAI's own API. What the SDK would read from the environment is set, so that only the configuration counts. */
export function createOpenAIClient(connection: OpenAIConnection, timeouts: CallTimeouts): CloudClient {
  return createResponsesClient({
    dialect: { request: OPENAI_REQUEST, response: OPENAI_RESPONSE, failure: OPENAI_FAILURE },
    timeouts,
    createSdk: (fetch) =>
      new OpenAI({
        apiKey: connection.apiKey,
        baseURL: connection.baseUrl ?? BASE_URL,
        ...NEUTRAL_SDK,
        fetch,
      }),
  });
}
