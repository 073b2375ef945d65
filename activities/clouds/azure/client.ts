import OpenAI from 'openai';
import { NEUTRAL_SDK } from '../responses-api/neutral-sdk.ts';
import type { AzureCredential, CloudClient, EndpointConnection } from '../cloud-client.ts';
import type { CallTimeouts } from '../responses-api/cloud-dialect.ts';
import { createResponsesClient } from '../responses-api/create-responses-client.ts';
import { AZURE_FAILURE } from './failure.ts';
import { AZURE_REQUEST } from './request.ts';
import { AZURE_RESPONSE } from './response.ts';

type AzureConnection = Extract<EndpointConnection, { cloud: 'azure' }>;

/** Azure's v1 API with the plain SDK class: `AzureOpenAI` is for the dated APIs and would add an `api-version`. */
export function createAzureClient(connection: AzureConnection, timeouts: CallTimeouts): CloudClient {
  return createResponsesClient({
    dialect: { request: AZURE_REQUEST, response: AZURE_RESPONSE, failure: AZURE_FAILURE },
    timeouts,
    createSdk: (fetch) =>
      new OpenAI({
        ...authOptions(connection.credential),
        baseURL: connection.baseUrl,
        ...NEUTRAL_SDK,
        fetch,
      }),
  });
}

/** A key goes into Azure's own header: as a bearer it would be taken for an Entra token where keys are switched off. */
function authOptions(credential: AzureCredential) {
  switch (credential.kind) {
    case 'api-key':
      return {
        apiKey: credential.apiKey,
        defaultHeaders: { 'api-key': credential.apiKey, Authorization: null },
      };
    case 'bearer-token':
      return { apiKey: credential.token };
  }
}
