/** What an emulated reasoning engine takes, to the letter: a field that it does not know is a mistake of the adapter. */
import { z } from 'zod';

export const SESSION_BODY = z.strictObject({
  userId: z.string().min(1),
  sessionState: z
    .strictObject({
      anyport_instructions: z.string(),
      anyport_tools: z.array(z.record(z.string(), z.unknown())),
      anyport_metadata: z.record(z.string(), z.string()),
    })
    .optional(),
});

/** As the service documents the names that clients may give. */
export const SESSION_ID = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

const FUNCTION_RESPONSE = z.strictObject({
  id: z.string().min(1),
  name: z.string().min(1),
  response: z.record(z.string(), z.unknown()),
});

const PART = z.strictObject({ text: z.string().min(1).optional(), function_response: FUNCTION_RESPONSE.optional() });
export type ContentPart = z.infer<typeof PART>;

export const QUERY_BODY = z.strictObject({
  classMethod: z.literal('async_stream_query'),
  input: z.strictObject({
    user_id: z.string(),
    session_id: z.string(),
    message: z.strictObject({ role: z.literal('user'), parts: z.array(PART).min(1) }),
  }),
});
