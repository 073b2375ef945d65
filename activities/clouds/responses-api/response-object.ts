/** The parts of a Responses API answer that are used. Minimal and lenient: a cloud that adds fields or kinds breaks nothing. */
import { z } from 'zod';

const COUNT = z.number().int().nonnegative().nullish();

export const RESPONSE = z.object({
  id: z.string().min(1),
  status: z.string().nullish(),
  // Each item is read by its own kind in `read-answer.ts`.
  output: z.array(z.unknown()).nullish(),
  usage: z
    .object({
      input_tokens: COUNT,
      input_tokens_details: z.object({ cached_tokens: COUNT, cache_write_tokens: COUNT }).nullish(),
      output_tokens: COUNT,
      output_tokens_details: z.object({ reasoning_tokens: COUNT }).nullish(),
    })
    .nullish(),
  error: z.unknown().optional(),
  incomplete_details: z.object({ reason: z.string().nullish() }).nullish(),
});
export type ResponseObject = z.infer<typeof RESPONSE>;

export const STREAM_EVENT = z.object({
  type: z.string().nullish(),
  sequence_number: z.number().nullish(),
  output_index: z.number().nullish(),
  response: z.unknown().optional(),
  item: z.unknown().optional(),
  error: z.unknown().optional(),
  // Of an `error` event in its flat form.
  code: z.unknown().optional(),
  message: z.unknown().optional(),
});
export type StreamEvent = z.infer<typeof STREAM_EVENT>;

export const OUTPUT_ITEM = z.object({
  type: z.string(),
  status: z.string().nullish(),
  call_id: z.string().nullish(),
  encrypted_content: z.string().nullish(),
});
export const MESSAGE_ITEM = z.object({
  phase: z.string().nullish(),
  content: z.array(z.object({ type: z.string(), text: z.string().nullish(), refusal: z.string().nullish() })).nullish(),
});
export const FUNCTION_CALL_ITEM = z.object({
  call_id: z.string().min(1),
  name: z.string().min(1),
  arguments: z.string().nullish(),
});
export const CUSTOM_CALL_ITEM = z.object({
  call_id: z.string().min(1),
  name: z.string().min(1),
  input: z.string().nullish(),
});
export const PATCH_CALL_ITEM = z.object({
  call_id: z.string().min(1),
  operation: z.discriminatedUnion('type', [
    z.object({ type: z.literal('create_file'), path: z.string(), diff: z.string() }),
    z.object({ type: z.literal('update_file'), path: z.string(), diff: z.string() }),
    z.object({ type: z.literal('delete_file'), path: z.string() }),
  ]),
});
