/** What a cloud says against the output of a call: text, or parts that may be pictures. */
import { z } from 'zod';
import type { EmulatedEndpoint } from './emulated-endpoints.ts';
import type { InputItem } from './validate-request.ts';

const DATA_URL = /^data:image\/(?:png|jpeg|webp|gif);base64,(.*)$/s;

const PART = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('input_text'), text: z.string().min(1) }),
  z.strictObject({
    type: z.literal('input_image'),
    image_url: z.string().refine((url) => z.base64().min(4).safeParse(DATA_URL.exec(url)?.[1]).success, 'no valid image data'),
    detail: z.enum(['low', 'high', 'auto', 'original']).optional(),
  }),
]);
const OUTPUT = z.union([z.string(), z.array(PART).min(1)]);

export function problemOfImages({ vision }: EmulatedEndpoint, item: InputItem): string | undefined {
  if (item.type?.endsWith('_call_output') !== true) return undefined;
  const { data, error } = OUTPUT.safeParse(item['output']);
  if (data === undefined) return `output: ${error.issues[0]?.message}`;
  const hasImage = typeof data !== 'string' && data.some(({ type }) => type === 'input_image');
  return hasImage && !vision ? 'this model takes no images' : undefined;
}
