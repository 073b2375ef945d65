/** What a tool gave back, with its pictures, as the output of a call. */
import type { ResponseInputImage, ResponseInputText } from 'openai/resources/responses/responses';
import type { ToolResult, TranscriptItem } from '../../../workflows/domain/transcript.ts';

type Output = string | (ResponseInputText | ResponseInputImage)[];

/** In base64, of all pictures together: clouds take requests of 20 MB and more, and the text has to fit too (2026-11). */
const MOST_IMAGE_CHARACTERS = 14_000_000;
const NO_EYES = '(A picture belongs here, which you cannot be shown: you take none.)';
const TOO_MANY = '(A picture belongs here. Newer ones have taken its room; ask for it again if you need it.)';

/** The results whose pictures go along: the newest, as many as a request has room for. */
export function choosePictured(items: readonly TranscriptItem[]): ReadonlySet<TranscriptItem> {
  const chosen = new Set<TranscriptItem>();
  let left = MOST_IMAGE_CHARACTERS;
  for (const item of items.toReversed()) {
    if (item.kind !== 'tool-result' || item.images === undefined) continue;
    left -= item.images.reduce((sum, { base64 }) => sum + base64.length, 0);
    if (left < 0) break;
    chosen.add(item);
  }
  return chosen;
}

export interface OutputOptions {
  /** Whether the deployment takes pictures. */
  readonly vision: boolean;
  readonly pictured: ReadonlySet<TranscriptItem>;
}

export function renderOutput(result: ToolResult, { vision, pictured }: OutputOptions): Output {
  const { output, images = [] } = result;
  if (images.length === 0) return output;
  if (!vision || !pictured.has(result)) return `${output}\n${vision ? TOO_MANY : NO_EYES}`;
  const pictures = images.map(({ mediaType, base64 }) => {
    return { type: 'input_image', image_url: `data:${mediaType};base64,${base64}`, detail: 'auto' } as const;
  });
  return [{ type: 'input_text', text: output }, ...pictures];
}
