import { GoogleAuth } from 'google-auth-library';
import OpenAI from 'openai';
import { vertex } from 'openai/providers/vertex';
import type { CloudClient, EndpointConnection, GoogleCredential } from '../cloud-client.ts';
import type { CallTimeouts } from '../responses-api/cloud-dialect.ts';
import { createResponsesClient } from '../responses-api/create-responses-client.ts';
import { GOOGLE_FAILURE } from './failure.ts';
import { GOOGLE_REQUEST } from './request.ts';
import { GOOGLE_RESPONSE } from './response.ts';

type GoogleConnection = Extract<EndpointConnection, { cloud: 'google' }>;

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** Multi-regions have a host of their own, which the SDK's provider (7.57) does not know: it would make `us-aiplatform…`. */
const MULTI_REGION_HOSTS: Readonly<Record<string, string>> = {
  us: 'https://aiplatform.us.rep.googleapis.com',
};

/** OpenAI's models among the publishers of Google's Agent Platform. */
export function createGoogleClient(connection: GoogleConnection, timeouts: CallTimeouts): CloudClient {
  const { project, location } = connection;
  const baseURL = connection.baseUrl ?? multiRegionUrl(connection);
  const provider = vertex({
    project,
    location,
    ...(baseURL === undefined ? {} : { baseURL }),
    tokenProvider: createTokenProvider(connection.credential),
  });
  return createResponsesClient({
    dialect: { request: GOOGLE_REQUEST, response: GOOGLE_RESPONSE, failure: GOOGLE_FAILURE },
    timeouts,
    createSdk: (fetch) => new OpenAI({ provider, maxRetries: 0, logLevel: 'off', fetch }),
  });
}

function multiRegionUrl({ project, location }: GoogleConnection): string | undefined {
  const host = MULTI_REGION_HOSTS[location];
  return host === undefined ? undefined : `${host}/v1/projects/${project}/locations/${location}/publishers/openai/v1`;
}

/** The library caches a token and refreshes it before it expires. */
export function createTokenProvider(credential: GoogleCredential): () => Promise<string> {
  switch (credential.kind) {
    case 'access-token':
      return async () => credential.token;
    case 'default': {
      const auth = new GoogleAuth({ scopes: [SCOPE] });
      // The SDK's provider refuses an empty token as unusable credentials.
      return async () => (await auth.getAccessToken()) ?? '';
    }
  }
}
