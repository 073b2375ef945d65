/** What a server answered to a call -> what the model is shown. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { ToolImage } from '../../workflows/domain/transcript.ts';
import { readImageHeader } from '../tools/image-header.ts';
import type { ToolReturn } from '../tools/tool.ts';
import { truncateOutput } from '../tools/truncate-output.ts';

/** The same bound as a command's output. */
const MAX_OUTPUT_TOKENS = 10_000;
/** As `view_image` takes them. */
const LARGEST_IMAGE_BYTES = 5 * 1024 * 1024;
/** Each costs about a thousand tokens. */
const MOST_IMAGES = 8;
/** Of an address or a type that a server names. */
const NAME_CHARACTERS = 300;

const name = z.string().transform((text) => text.slice(0, NAME_CHARACTERS));
const ResourceSchema = z.object({
  uri: name,
  mimeType: name.optional().catch(undefined),
  text: z.string().optional(),
  blob: z.string().optional(),
});

const PartSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('image'), data: z.string(), mimeType: name }),
  z.object({ type: z.literal('audio'), mimeType: name }),
  z.object({ type: z.literal('resource'), resource: ResourceSchema }),
  z.object({ type: z.literal('resource_link'), uri: name, name, description: z.string().optional().catch(undefined) }),
]);
type Part = z.infer<typeof PartSchema>;

const ResultSchema = z.object({
  content: z.array(z.unknown()).optional(),
  structuredContent: z.record(z.string(), z.unknown()).optional().catch(undefined),
  isError: z.boolean().optional().catch(undefined),
});

interface Shown {
  readonly text: string;
  readonly image?: ToolImage;
}

export function toToolReturn(answer: unknown): ToolReturn {
  const parsed = ResultSchema.safeParse(answer);
  if (!parsed.success || (parsed.data.content === undefined && parsed.data.structuredContent === undefined)) {
    return { outcome: 'failed', output: 'The tool ran, but its server answered with something that is no result.' };
  }
  const { content = [], structuredContent, isError = false } = parsed.data;
  const parts = content.map(readPart);
  const shown = parts.map((part, index) => show(part, index));
  const images = shown.flatMap(({ image }) => image ?? []);
  const texts = [...shown.map(({ text }) => text), ...structured(structuredContent, parts)].filter((text) => text !== '');
  return {
    outcome: isError ? 'failed' : 'ok',
    output: truncateOutput(texts.join('\n').toWellFormed(), MAX_OUTPUT_TOKENS),
    ...(images.length === 0 ? {} : { images: images.slice(0, MOST_IMAGES) }),
  };
}

function readPart(part: unknown): Part | undefined {
  const parsed = PartSchema.safeParse(part);
  return parsed.success ? parsed.data : undefined;
}

function show(part: Part | undefined, index: number): Shown {
  switch (part?.type) {
    case undefined:
      return leftOut(`part ${index + 1}, which is of no known kind`);
    case 'text':
      return { text: part.text };
    case 'image':
      return showImage(part);
    case 'audio':
      return leftOut(`sound (${part.mimeType})`);
    case 'resource':
      return showResource(part.resource);
    case 'resource_link':
      return { text: `${part.name}: ${part.uri}${part.description === undefined ? '' : ` (${part.description})`}` };
  }
}

/** By its bytes, not by what the server says that it is. */
function showImage({ data, mimeType }: { readonly data: string; readonly mimeType: string }): Shown {
  const bytes = Buffer.from(data, 'base64');
  const header = readImageHeader(bytes);
  if (header?.size === undefined) return leftOut(`a picture (${mimeType}) that is no whole PNG, JPEG, WebP or GIF`);
  if (bytes.length > LARGEST_IMAGE_BYTES) return leftOut(`a picture of ${bytes.length} bytes`);
  const { mediaType, size } = header;
  const image: ToolImage = { mediaType, base64: bytes.toString('base64') };
  return { text: `[picture: ${mediaType}, ${size.width} x ${size.height} pixels]`, image };
}

function showResource({ uri, mimeType = 'of no known type', text, blob }: z.infer<typeof ResourceSchema>): Shown {
  if (text !== undefined) return { text: `${uri}:\n${text}` };
  return leftOut(`${uri} (${mimeType}, about ${Math.floor(((blob ?? '').length * 3) / 4)} bytes)`);
}

function leftOut(what: string): Shown {
  return { text: `[left out: ${what}]` };
}

/** Servers repeat it as text for those who know text alone; the model reads it once. */
function structured(content: object | undefined, parts: readonly (Part | undefined)[]): readonly string[] {
  if (content === undefined) return [];
  const isRepeated = parts.some((part) => part?.type === 'text' && isDeepStrictEqual(parse(part.text), content));
  return isRepeated ? [] : [JSON.stringify(content)];
}

function parse(text: string): unknown {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
