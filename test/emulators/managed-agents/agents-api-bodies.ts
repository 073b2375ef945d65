/** What the Agents API takes: a field or value that it does not know is refused. */
import { z } from 'zod';
import type { AgentsApiService } from './agents-api-service.ts';

const MESSAGE = z.strictObject({
  type: z.literal('message').optional(),
  role: z.literal('user'),
  content: z.array(z.strictObject({ type: z.literal('input_text'), text: z.string() })).min(1),
});
const FUNCTION = z.strictObject({
  type: z.literal('function'),
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  description: z.string(),
  parameters: z.looseObject({ type: z.literal('object') }),
  async: z.boolean().optional(),
  defer_loading: z.boolean().optional(),
});
const AGENT = z.strictObject({
  model: z.string().optional(),
  instructions: z.string().nullish(),
  tools: z.array(FUNCTION).nullish(),
});
const METADATA = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= 16, 'at most 16 pairs');

const OPENING = {
  agent: AGENT.optional(),
  input: z.array(MESSAGE).min(1),
  metadata: METADATA.nullish(),
  stream: z.boolean().optional(),
};
const OPENAI_OPENING = z.strictObject({
  ...OPENING,
  agent_id: z.string().optional(),
  environment: z.strictObject({ type: z.literal('none') }),
});
const BEDROCK_OPENING = z.strictObject({
  ...OPENING,
  role_arn: z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/),
  environment: z.strictObject({
    type: z.literal('aws_bedrock_agentcore'),
    runtime_arn: z.string().regex(/^arn:aws[a-z-]*:bedrock-agentcore:/),
    runtime_qualifier: z.string().optional(),
    workspace_directory: z.string().startsWith('/'),
  }),
});

export interface Opening extends z.infer<typeof BEDROCK_PLAIN> {
  readonly agent_id?: string | undefined;
}
const BEDROCK_PLAIN = z.strictObject(OPENING);

const MESSAGES_EVENT = z.strictObject({ type: z.literal('agent.session.input.message'), input: z.array(MESSAGE).min(1) });
const CANCEL_EVENT = z.strictObject({ type: z.literal('agent.session.input.cancel') });
const RESULT_EVENT = z
  .strictObject({
    type: z.literal('agent.session.input.tool_result'),
    call_id: z.string(),
    turn_id: z.string(),
    success: z.boolean(),
    output: z.string().nullish(),
    error: z.string().nullish(),
  })
  .refine(({ success, error }) => !success || typeof error !== 'string', 'a success has no error')
  .refine(({ success, output }) => success || typeof output !== 'string', 'a failure has no output');
const APPROVAL_EVENT = z.strictObject({
  type: z.literal('agent.session.input.mcp_approval_request_result'),
  request_id: z.string(),
  response: z.strictObject({ type: z.literal('mcp_tool_call'), decision: z.enum(['approve', 'deny', 'cancel']) }),
});
const INPUT_EVENT = z.union([MESSAGES_EVENT, CANCEL_EVENT, RESULT_EVENT, APPROVAL_EVENT]);
export type InputEvent = z.infer<typeof INPUT_EVENT>;

const EVENTS = z.strictObject({ events: z.array(INPUT_EVENT).min(1) });
const PLAIN_EVENTS = z.strictObject({ events: z.array(z.union([MESSAGES_EVENT, CANCEL_EVENT])).min(1) });

export const LIST_QUERY = z.looseObject({
  order: z.enum(['asc', 'desc']).default('desc'),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  after: z.string().optional(),
});

type Read<Body> = { readonly body: Body } | { readonly problem: string };

export function readOpening(service: AgentsApiService, json: unknown): Read<Opening> {
  return service.roleAndEnvironment ? read(BEDROCK_OPENING, json) : read(OPENAI_OPENING, json);
}

export function readEvents(service: AgentsApiService, json: unknown): Read<{ readonly events: readonly InputEvent[] }> {
  return service.requiredActions ? read(EVENTS, json) : read(PLAIN_EVENTS, json);
}

function read<Body>(schema: z.ZodType<Body>, json: unknown): Read<Body> {
  const parsed = schema.safeParse(json);
  return parsed.success ? { body: parsed.data } : { problem: z.prettifyError(parsed.error) };
}
