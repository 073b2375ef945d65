/** What an emulated Foundry project takes, to the letter: a field that it does not know is a mistake of the adapter. */
import { z } from 'zod';

export const METADATA_BODY = z.strictObject({
  metadata: z.record(z.string().max(64), z.string().max(512)).refine((pairs) => Object.keys(pairs).length <= 16),
});

const MESSAGE = z.strictObject({
  type: z.literal('message'),
  role: z.literal('user'),
  content: z.array(z.strictObject({ type: z.literal('input_text'), text: z.string() })).min(1),
});
const OUTPUT = z.strictObject({ type: z.literal('function_call_output'), call_id: z.string(), output: z.string() });
const APPROVAL = z.strictObject({
  type: z.literal('mcp_approval_response'),
  approval_request_id: z.string(),
  approve: z.boolean(),
});
const INPUT = z.discriminatedUnion('type', [MESSAGE, OUTPUT, APPROVAL]);
export type FoundryInput = z.infer<typeof INPUT>;

const TOOL = z.strictObject({
  type: z.literal('function'),
  name: z.string(),
  description: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  strict: z.boolean(),
});

export const RESPONSE_BODY = z.strictObject({
  conversation: z.string(),
  input: z.array(INPUT).min(1),
  background: z.literal(true),
  store: z.literal(true),
  stream: z.literal(true),
  model: z.string().optional(),
  instructions: z.string().optional(),
  tools: z.array(TOOL).optional(),
  agent_reference: z
    .strictObject({ type: z.literal('agent_reference'), name: z.string(), version: z.string().optional() })
    .optional(),
});
export type ResponseBody = z.infer<typeof RESPONSE_BODY>;
