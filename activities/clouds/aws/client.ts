import OpenAI from 'openai';
import type { BedrockProviderOptions } from 'openai/providers/bedrock/aws';
import { bedrock } from 'openai/providers/bedrock/aws';
import type { AwsCredential, CloudClient, EndpointConnection } from '../cloud-client.ts';
import type { CallTimeouts } from '../responses-api/cloud-dialect.ts';
import { createResponsesClient } from '../responses-api/create-responses-client.ts';
import { AWS_FAILURE } from './failure.ts';
import { AWS_REQUESTS } from './request.ts';
import { AWS_RESPONSE } from './response.ts';

type AwsConnection = Extract<EndpointConnection, { cloud: 'aws' }>;

/** Both OpenAI-compatible surfaces of Bedrock; the SDK's provider signs with the service name of the surface. */
export function createAwsClient(connection: AwsConnection, timeouts: CallTimeouts): CloudClient {
  const provider = bedrock({
    endpoint: connection.surface === 'bedrock-runtime' ? 'runtime' : 'mantle',
    region: connection.region,
    // Null keeps AWS_BEDROCK_BASE_URL of the environment out.
    baseURL: connection.baseUrl ?? null,
    ...authOptions(connection.credential),
  });
  return createResponsesClient({
    dialect: {
      request: AWS_REQUESTS[connection.surface],
      response: AWS_RESPONSE,
      failure: AWS_FAILURE,
    },
    timeouts,
    createSdk: (fetch) => new OpenAI({ provider, maxRetries: 0, logLevel: 'off', fetch }),
  });
}

/** The one way to authenticate that is configured; everything that would come before it is kept out. */
export function authOptions(credential: AwsCredential): Partial<BedrockProviderOptions> {
  switch (credential.kind) {
    case 'bearer-token':
      return { apiKey: credential.token };
    case 'access-key':
      return {
        accessKeyId: credential.accessKeyId,
        secretAccessKey: credential.secretAccessKey,
        ...(credential.sessionToken === undefined ? {} : { sessionToken: credential.sessionToken }),
      };
    case 'profile':
      return { profile: credential.profile };
    case 'default-chain':
      // Null keeps AWS_BEARER_TOKEN_BEDROCK out, which would silently win over the chain.
      return { apiKey: null };
  }
}
