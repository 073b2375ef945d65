/**
 * Questions of a service before it calls a tool of an MCP server: a call like any other, which does nothing but be allowed or not. So the
 * task's approval policy, its rules, and the people who answer are the same as for our own tools.
 */
import { z } from 'zod';
import type { AddedTools, OfferedTool } from '../tools/added-tools.ts';
import type { ToolInput } from '../../workflows/domain/transcript.ts';
import { digestOf } from '../digest.ts';
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

const ASKED = z.object({ server: z.string(), tool: z.string() });
const PLAIN_NAME = /^[\w.:-]{1,64}$/;

/** Of two servers, or two tools, none is approved with the other. Names that a rule cannot be read by stand as their digest. */
function subjectOf({ text }: ToolInput): string {
  const { server, tool } = ASKED.catch({ server: '', tool: '' }).parse(readJson(text));
  const isPlain = PLAIN_NAME.test(server) && PLAIN_NAME.test(tool);
  return `${MCP_APPROVAL} ${isPlain ? `${server}/${tool}` : digestOf([server, tool, text])}`;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function createSessionApprovals(): AddedTools {
  return {
    offer: async () => [],
    find: ({ definition, server }) =>
      definition.name === MCP_APPROVAL && server === undefined
        ? { ...CLASS, subjectOf, run: async () => ({ outcome: 'ok', output: 'Approved.' }) }
        : undefined,
  };
}
