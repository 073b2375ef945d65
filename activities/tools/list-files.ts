import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parametersOf, readArguments } from './read-arguments.ts';
import type { Tool } from './tool.ts';
import { resolveInWorkspace } from './workspace-path.ts';

const DEFAULT_DEPTH = 3;
/** About 10,000 tokens of paths. */
const MAX_ENTRIES = 1_000;
/** Read of one folder, to be sorted; a folder of a million files must not fill the worker's memory. */
const MAX_CHILDREN = 20_000;

const ArgumentsSchema = z.strictObject({
  path: z.string().min(1).optional().describe("Folder, relative to the workspace's root. Default: the root."),
  depth: z.int().min(1).max(50).optional().describe(`Levels of folders to show. Default ${DEFAULT_DEPTH}.`),
});

interface Listing {
  readonly entries: string[];
  isCut: boolean;
}

export const listFiles: Tool = {
  definition: {
    name: 'list_files',
    description: `Lists files and folders of the workspace, folders with a "/" at the end, at most ${MAX_ENTRIES}. What is in .git and node_modules is left out.`,
    form: { kind: 'function', parameters: parametersOf(ArgumentsSchema) },
  },
  retryClass: 'read-only',
  risk: 'none',
  async run(input, { workspace, signal }) {
    const parsed = readArguments('list_files', ArgumentsSchema, input);
    if (parsed.kind === 'invalid') return { outcome: 'refused', output: parsed.problem };
    const { path = '.', depth = DEFAULT_DEPTH } = parsed.value;
    const place = await resolveInWorkspace(workspace, path);
    if (place.kind === 'refused') return { outcome: 'refused', output: `list_files: ${place.reason}.` };
    const listing = await walk(place.absolute, depth, signal);
    if (listing === undefined) return { outcome: 'failed', output: `There is no folder "${place.path}" in the workspace.` };
    const lines = [...listing.entries].sort();
    if (listing.isCut) lines.push(`… more than ${MAX_ENTRIES} entries; name a folder or a smaller depth`);
    return { outcome: 'ok', output: lines.length === 0 ? `${place.path}: the folder is empty` : lines.join('\n') };
  },
};

/** Level by level, so that a folder of thousands of files deep down does not push out what lies at the top. */
async function walk(root: string, depth: number, signal: AbortSignal): Promise<Listing | undefined> {
  const listing: Listing = { entries: [], isCut: false };
  let level = [''];
  for (let round = 0; round < depth && level.length > 0 && !listing.isCut; round += 1) {
    const next: string[] = [];
    for (const folder of level) {
      signal.throwIfAborted();
      const children = await readFolder(join(root, folder));
      if (children === undefined && folder === '') return undefined;
      if (children?.length === MAX_CHILDREN) listing.isCut = true;
      next.push(...addEntries(listing, folder, children ?? []));
    }
    level = next;
  }
  return listing;
}

/** @returns the folders to look into next; links are shown and not followed */
function addEntries(listing: Listing, folder: string, children: readonly Dirent[]): readonly string[] {
  const shown = children.filter(({ name }) => name !== '.git').sort((a, b) => (a.name < b.name ? -1 : 1));
  const room = MAX_ENTRIES - listing.entries.length;
  if (shown.length > room) listing.isCut = true;
  const kept = shown.slice(0, room);
  // A line break in a name would look like two files.
  listing.entries.push(
    ...kept.map((child) => `${join(folder, child.name).replaceAll('\n', '\\n')}${child.isDirectory() ? '/' : ''}`),
  );
  return kept.filter((child) => child.isDirectory() && child.name !== 'node_modules').map((child) => join(folder, child.name));
}

async function readFolder(path: string): Promise<readonly Dirent[] | undefined> {
  const children: Dirent[] = [];
  try {
    for await (const child of await opendir(path)) {
      children.push(child);
      if (children.length === MAX_CHILDREN) break;
    }
    return children;
  } catch {
    return undefined;
  }
}
