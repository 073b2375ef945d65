import { ModelFailureError } from '../../clouds/cloud-client.ts';
import type { AgentsRequestDialect } from '../agents-api/agents-dialect.ts';

/** Where a session runs, and as whom: the customer's own. */
export interface BedrockSurroundings {
  readonly region: string;
  /** The role that a session has. */
  readonly roleArn: string;
  /** Amazon Bedrock AgentCore Runtime, which runs its commands. */
  readonly runtimeArn: string;
  readonly runtimeQualifier?: string;
  /** Absolute. */
  readonly workspaceDirectory: string;
}

/** The whole of the preview (user guide, 2026-11); models are not served across regions. */
export const BEDROCK_MANAGED_REGIONS: ReadonlySet<string> = new Set(['us-east-1', 'us-east-2', 'us-west-2']);

export function bedrockManagedRequest(surroundings: BedrockSurroundings): AgentsRequestDialect {
  const { region, roleArn, runtimeArn, runtimeQualifier, workspaceDirectory } = surroundings;
  return {
    openingFields: () => {
      assertInRegion(region);
      return {
        role_arn: roleArn,
        environment: {
          type: 'aws_bedrock_agentcore',
          runtime_arn: runtimeArn,
          ...(runtimeQualifier === undefined ? {} : { runtime_qualifier: runtimeQualifier }),
          workspace_directory: workspaceDirectory,
        },
      };
    },
    idempotencyKeys: false,
    metadataFilter: false,
  };
}

function assertInRegion(region: string): void {
  if (BEDROCK_MANAGED_REGIONS.has(region)) return;
  throw new ModelFailureError({
    kind: 'unsupported',
    phase: 'resolve',
    acceptance: 'not-accepted',
    scope: 'deployment',
    code: `no managed agents in ${region}`,
  });
}
