/** The part of `anyport.yaml` about MCP servers. What depends on more than one key is checked by `to-mcp-servers.ts`. */
import { z } from 'zod';
import { text, variable } from './tenant-schema.ts';

/** A part of its tools' names, which have 64 characters in all. */
const SERVER_NAME = /^[a-z0-9-]{1,32}$/;

/** A scope of OAuth (RFC 6749 §3.3). */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/;

/** A server that starts is there within a minute, also one that is fetched first; a call that says nothing for an hour is lost. */
const startSeconds = z.number().min(0.1, 'must be at least 0.1').max(120, 'must be at most 120');
const callSeconds = z.number().min(0.1, 'must be at least 0.1').max(3_600, 'must be at most an hour');

const oauth = z.strictObject({
  clientIdEnv: variable,
  clientSecretEnv: variable.optional(),
  clientSecretFile: text.optional(),
  issuer: text.optional(),
  tokenUrl: text.optional(),
  scopes: z.array(z.string().regex(SCOPE, 'must be made of printable ASCII without spaces')).min(1).optional(),
});

const server = z.strictObject({
  command: text.optional(),
  args: z.array(z.string()).optional(),
  envFrom: z.array(variable).optional(),
  cwd: text.optional(),
  url: text.optional(),
  auth: z
    .strictObject({ bearerTokenEnv: variable.optional(), bearerTokenFile: text.optional(), oauth: oauth.optional() })
    .optional(),
  allowTools: z.array(text).min(1, 'must name at least one tool: or remove the key').optional(),
  denyTools: z.array(text).optional(),
  tools: z
    .record(
      text,
      z.strictObject({
        risk: z.enum(['none', 'external']).exactOptional(),
        retryClass: z.enum(['read-only', 'external']).exactOptional(),
      }),
    )
    .optional(),
  timeouts: z.strictObject({ startSeconds: startSeconds.optional(), callSeconds: callSeconds.optional() }).optional(),
  tenants: z.array(text).min(1, 'must name at least one tenant: or remove the key').optional(),
  required: z.boolean().optional(),
});

export const mcpServersSchema = z.record(
  z.string().regex(SERVER_NAME, 'must be made of a-z, 0-9 and "-", 32 at most: rename it'),
  server,
);

export type RawOAuth = z.infer<typeof oauth>;
export type RawMcpServer = z.infer<typeof server>;
