/** The row of Bedrock Agents Classic, by a saved agent. */
import { createBedrockClassicClient } from '../../activities/managed-agents/bedrock-classic/client.ts';
import { EMULATED_CREDENTIALS } from '../emulators/emulated-endpoints.ts';
import { CLASSIC_AGENT, CLASSIC_REGION, startClassic } from '../emulators/managed-agents/start-classic.ts';
import type { EmulatedService } from './emulated-services.ts';

const AWS_ACCESS_KEY = {
  kind: 'access-key',
  accessKeyId: EMULATED_CREDENTIALS.EMULATED_AWS_ACCESS_KEY_ID,
  secretAccessKey: EMULATED_CREDENTIALS.EMULATED_AWS_SECRET_ACCESS_KEY,
} as const;

export const BEDROCK_CLASSIC: EmulatedService = {
  name: 'bedrock-classic',
  traits: {
    functionCalls: true,
    mcpApprovals: true,
    idempotentInput: false,
    readableSessions: false,
    findableSessions: false,
    namesSessions: true,
    cancel: false,
    close: true,
    savedAgents: 'optional',
    subAgents: true,
    usage: true,
  },
  plan: { agentId: CLASSIC_AGENT },
  secrets: [AWS_ACCESS_KEY.secretAccessKey, AWS_ACCESS_KEY.accessKeyId],
  // The exceptions that InvokeAgent lists, which may all come in mid-stream.
  turnCodes: {
    ThrottlingException: 'rate-limited',
    ServiceQuotaExceededException: 'quota-exhausted',
    InternalServerException: 'unavailable',
    BadGatewayException: 'unavailable',
    DependencyFailedException: 'unavailable',
    ModelNotReadyException: 'overloaded',
    ConflictException: 'unavailable',
    AccessDeniedException: 'authentication',
    ResourceNotFoundException: 'not-found',
    ValidationException: 'invalid-request',
    // Not listed: told as an error with a code.
    ExpiredTokenException: 'authentication',
  },
  start: startClassic,
  createClient: (baseUrl, timeouts) =>
    createBedrockClassicClient({ region: CLASSIC_REGION, baseUrl, credential: AWS_ACCESS_KEY }, timeouts),
  createStranger: (baseUrl, timeouts) => {
    const credential = { ...AWS_ACCESS_KEY, secretAccessKey: 'wrong-secret' };
    return createBedrockClassicClient({ region: CLASSIC_REGION, baseUrl, credential }, timeouts);
  },
};
