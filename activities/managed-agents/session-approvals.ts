/**
 * Questions of a service before it calls a tool of an MCP server: a call like any other, which does nothing but be allowed or not. So the
 * task's approval policy, its rules, and the people who answer are the same as for our own tools.
 */
import type { AddedTools, OfferedTool } from '../tools/added-tools.ts';
import { MCP_APPROVAL } from './managed-agent-client.ts';

/** To be answered twice does no harm; what is allowed by it is done elsewhere. */
const CLASS = { retryClass: 'read-only', risk: 'external' } as const;

/** Tasks of managed agents have it; no session is told of it. */
export const SESSION_APPROVAL: OfferedTool = {
  ...CLASS,
  definition: {
    name: MCP_APPROVAL,
    description: 'Lets the service call a tool of an MCP server.',
    form: {
      kind: 'function',
      parameters: {
        type: 'object',
        properties: { server: { type: 'string' }, tool: { type: 'string' }, arguments: {} },
        required: ['server', 'tool'],
      },
    },
  },
};

export function createSessionApprovals(): AddedTools {
  return {
    offer: async () => [],
    find: ({ definition, server }) =>
      definition.name === MCP_APPROVAL && server === undefined
        ? { ...CLASS, run: async () => ({ outcome: 'ok', output: 'Approved.' }) }
        : undefined,
  };
}
