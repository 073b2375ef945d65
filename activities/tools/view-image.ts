import { z } from 'zod';
import { readImageHeader } from './image-header.ts';
import { parametersOf, readArguments } from './read-arguments.ts';
import { readConfined } from './read-confined.ts';
import type { Tool, ToolReturn } from './tool.ts';
import { resolveInWorkspace } from './workspace-path.ts';

/** Every cloud takes this much in a request; a screenshot has a tenth of it. */
const LARGEST_IMAGE_BYTES = 5 * 1024 * 1024;
/** Models see pictures scaled down to about 2,000 pixels; more is a mistake, or a bomb to whoever unpacks it. */
const LARGEST_SIDE_PIXELS = 10_000;

const ArgumentsSchema = z.strictObject({
  path: z.string().min(1).describe("A PNG, JPEG, WebP or GIF file, relative to the workspace's root."),
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
    const place = await resolveInWorkspace(workspace, withoutRoot(workspace, parsed.value.path));
    if (place.kind === 'refused') return { outcome: 'refused', output: `view_image: ${place.reason}.` };
    const file = await readConfined(place.absolute, LARGEST_IMAGE_BYTES);
    switch (file.kind) {
      case 'absent':
        return { outcome: 'failed', output: `There is no file "${place.path}" in the workspace.` };
      case 'unreadable':
        return { outcome: 'failed', output: `"${place.path}" cannot be shown: ${file.reason}.` };
      case 'bytes':
        return show(place.path, file.bytes);
    }
  },
};

/** Models name pictures by the absolute path that a program printed. */
function withoutRoot(workspace: string, path: string): string {
  return path.startsWith(`${workspace}/`) ? path.slice(workspace.length + 1) : path;
}

function show(path: string, bytes: Buffer): ToolReturn {
  const header = readImageHeader(bytes);
  const fail = (reason: string): ToolReturn => ({ outcome: 'failed', output: `"${path}" cannot be shown: ${reason}.` });
  if (header === undefined) return fail('its content is no PNG, JPEG, WebP or GIF, whatever its name says');
  const { mediaType, size } = header;
  if (size === undefined || size.width === 0 || size.height === 0) return fail(`its ${mediaType} header is cut or damaged`);
  const dimensions = `${size.width} x ${size.height} pixels`;
  if (Math.max(size.width, size.height) > LARGEST_SIDE_PIXELS)
    return fail(`it has ${dimensions}, and the limit is ${LARGEST_SIDE_PIXELS} on each side; scale it down by exec_command`);
  const output = `${path}: ${mediaType}, ${dimensions}, ${bytes.length} bytes`;
  return { outcome: 'ok', output, images: [{ mediaType, base64: bytes.toString('base64') }] };
}
