/** The parts of the Agents API that are used. Minimal and lenient: a service that adds fields or kinds breaks nothing. */
import { z } from 'zod';

/** What is not needed, and so may have any form. */
const TEXT = z.string().nullish().catch(null);
/** It goes into a path, and into the task's history. */
const SESSION_ID = z.string().regex(/^(?!\.+$)[\w.:-]{1,200}$/);

const COUNT = z.number().int().nonnegative().nullish();

const TOKENS = z.object({
  input_tokens: COUNT,
  input_tokens_details: z.object({ cached_tokens: COUNT }).nullish(),
  output_tokens: COUNT,
  output_tokens_details: z.object({ reasoning_tokens: COUNT }).nullish(),
});
export type TokensObject = z.infer<typeof TOKENS>;

const REQUIRED_ACTION = z.object({
  type: z.string(),
  turn_id: z.string().nullish(),
  // Of a function call.
  call_id: z.string().nullish(),
  name: z.string().nullish(),
  arguments: z.unknown().optional(),
  // Of a request for approval.
  request_id: z.string().nullish(),
  request: z
    .object({ server_label: z.string().nullish(), name: z.string().nullish(), arguments: z.unknown().optional() })
    .nullish(),
});
export type RequiredAction = z.infer<typeof REQUIRED_ACTION>;

export const SESSION = z.object({
  id: SESSION_ID,
  status: z.string(),
  metadata: z.record(z.string(), z.string()).nullish().catch(null),
  required_actions: z.array(REQUIRED_ACTION).nullish(),
  usage: TOKENS.nullish().catch(null),
});
export type SessionObject = z.infer<typeof SESSION>;

export const ITEM = z.object({
  id: z.string().nullish(),
  type: z.string(),
  role: TEXT,
  phase: TEXT,
  content: z
    .array(z.object({ type: z.string(), text: z.string().nullish() }))
    .nullish()
    .catch(null),
  status: TEXT,
  call_id: TEXT,
  name: TEXT,
  server_label: TEXT,
});
export type ItemObject = z.infer<typeof ITEM>;

const TURN_ERROR = z.object({ code: z.string().nullish() });
export const TURN = z.object({
  id: z.string(),
  status: z.string(),
  subagent_id: TEXT,
  error: TURN_ERROR.nullish().catch(null),
});

export const EVENT = z.object({
  type: z.string().nullish(),
  session: z.object({ id: SESSION_ID }).nullish().catch(null),
  turn: TURN.nullish().catch(null),
  error: z.unknown().optional(),
});
export type EventObject = z.infer<typeof EVENT>;

export const PAGE = z.object({ data: z.array(z.unknown()), has_more: z.boolean().nullish() });
