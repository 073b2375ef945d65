import { open } from 'node:fs/promises';
import { constants } from 'node:fs';
import { z } from 'zod';
import { imageKindOf } from './image-kind.ts';
import { parametersOf, readArguments } from './read-arguments.ts';
import type { Tool, ToolReturn } from './tool.ts';
import { resolveInWorkspace } from './workspace-path.ts';

/** A request carries it as base64 with all that was said before; clouds take 20 to 50 MB in all. */
const LARGEST_BYTES = 5 * 1024 * 1024;
/** Models scale larger ones down; a header that says more is a trap for whoever decodes it. */
const LONGEST_EDGE = 16_384;

const ArgumentsSchema = z.strictObject({
  path: z.string().min(1).describe("Of a PNG, JPEG, WebP or GIF file, relative to the workspace's root."),
});

export const viewImage: Tool = {
  definition: {
    name: 'view_image',
    description: 'Shows you a picture of the workspace.',
    form: { kind: 'function', parameters: parametersOf(ArgumentsSchema) },
  },
  retryClass: 'read-only',
  risk: 'none',
  async run(input, { workspace }) {
    const parsed = readArguments('view_image', ArgumentsSchema, input);
    if (parsed.kind === 'invalid') return { outcome: 'refused', output: parsed.problem };
    const place = await resolveInWorkspace(workspace, parsed.value.path);
    if (place.kind === 'refused') return { outcome: 'refused', output: `view_image: ${place.reason}.` };
    return view(place.absolute, place.path);
  },
};

async function view(absolute: string, path: string): Promise<ToolReturn> {
  const read = await readBounded(absolute);
  if (typeof read === 'string') return { outcome: 'failed', output: `view_image: "${path}" ${read}` };
  const kind = imageKindOf(read);
  if (kind === undefined) {
    return { outcome: 'failed', output: `view_image: "${path}" is no PNG, JPEG, WebP or GIF by its content.` };
  }
  const { mediaType, width, height } = kind;
  if (width > LONGEST_EDGE || height > LONGEST_EDGE) {
    return {
      outcome: 'failed',
      output: `view_image: "${path}" says to be ${width} by ${height} pixels; at most ${LONGEST_EDGE} are shown.`,
    };
  }
  const about = `${path}: ${mediaType}, ${width} by ${height} pixels, ${read.length} bytes`;
  return { outcome: 'ok', output: about, images: [{ mediaType, base64: read.toString('base64') }] };
}

/** A FIFO or a device would never end: it is opened without waiting, and looked at before it is read. */
async function readBounded(path: string): Promise<Buffer | string> {
  let handle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'does not exist.' : 'cannot be read.';
  }
  try {
    const status = await handle.stat();
    if (!status.isFile()) return 'is no file.';
    if (status.size > LARGEST_BYTES) return `has ${status.size} bytes; at most ${LARGEST_BYTES} are shown.`;
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}
