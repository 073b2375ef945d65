import { z } from 'zod';
import { parametersOf, readArguments } from './read-arguments.ts';
import { readConfined } from './read-confined.ts';
import type { Tool, ToolReturn } from './tool.ts';
import { truncateOutput } from './truncate-output.ts';
import { resolveInWorkspace } from './workspace-path.ts';

/** Most source files as a whole. */
const DEFAULT_LINES = 2_000;
/** Source files are far smaller; more would only fill the worker's memory. */
const LARGEST_FILE_BYTES = 16 * 1024 * 1024;
/** The same bound as a command's output. */
const MAX_OUTPUT_TOKENS = 10_000;

const ArgumentsSchema = z.strictObject({
  path: z.string().min(1).describe("File, relative to the workspace's root."),
  offset: z.int().min(1).optional().describe('First line to read, counted from 1. Default 1.'),
  limit: z.int().min(1).max(100_000).optional().describe(`Lines to read. Default ${DEFAULT_LINES}.`),
});

export const readFile: Tool = {
  definition: {
    name: 'read_file',
    description:
      'Reads a text file of the workspace, or some of its lines. The text follows a first line that tells which lines these are.',
    form: { kind: 'function', parameters: parametersOf(ArgumentsSchema) },
  },
  retryClass: 'read-only',
  risk: 'none',
  async run(input, { workspace }) {
    const parsed = readArguments('read_file', ArgumentsSchema, input);
    if (parsed.kind === 'invalid') return { outcome: 'refused', output: parsed.problem };
    const { path, offset = 1, limit = DEFAULT_LINES } = parsed.value;
    const place = await resolveInWorkspace(workspace, path);
    if (place.kind === 'refused') return { outcome: 'refused', output: `read_file: ${place.reason}.` };
    const file = await readConfined(place.absolute, LARGEST_FILE_BYTES);
    switch (file.kind) {
      case 'absent':
        return { outcome: 'failed', output: `There is no file "${place.path}" in the workspace.` };
      case 'unreadable':
        return { outcome: 'failed', output: `"${place.path}" cannot be read: ${file.reason}.` };
      case 'bytes':
        return showText(place.path, file.bytes, { offset, limit });
    }
  },
};

interface Lines {
  readonly offset: number;
  readonly limit: number;
}

function showText(path: string, bytes: Buffer, lines: Lines): ToolReturn {
  if (bytes.includes(0)) return { outcome: 'failed', output: `"${path}" cannot be read: it is a binary file.` };
  try {
    return showLines(path, new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), lines);
  } catch {
    return { outcome: 'failed', output: `"${path}" cannot be read: it is not UTF-8 text.` };
  }
}

function showLines(path: string, text: string, { offset, limit }: Lines): ToolReturn {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) return { outcome: 'ok', output: `${path}: the file is empty` };
  if (offset > lines.length)
    return { outcome: 'failed', output: `"${path}" has ${lines.length} lines; line ${offset} is behind its end.` };
  const shown = lines.slice(offset - 1, offset - 1 + limit);
  const head = `${path}: lines ${offset} to ${offset + shown.length - 1} of ${lines.length}`;
  return { outcome: 'ok', output: `${head}\n${truncateOutput(shown.join('\n'), MAX_OUTPUT_TOKENS)}` };
}
