/** Works a whole patch out in memory: every section, in order, before a single file is touched. */
import { lstat, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PatchSection } from './parse-patch.ts';
import { readText } from './read-text.ts';
import type { TextFile } from './read-text.ts';
import { isUpdated, PatchMismatch, updateText } from './update-text.ts';
import { resolveInWorkspace } from './workspace-path.ts';

/** The patch names a place that it must not touch. */
export class PatchRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PatchRefused';
  }
}

/** What a file becomes; undefined: it is removed. */
export interface FileChange {
  readonly absolute: string;
  readonly path: string;
  readonly before: TextFile | undefined;
  readonly after: TextFile | undefined;
}

export type PatchPlan =
  | { readonly kind: 'changes'; readonly changes: readonly FileChange[] }
  | { readonly kind: 'already-applied' };

/** New files are as others of the repository usually are. */
const NEW_FILE_MODE = 0o644;

interface Place {
  readonly absolute: string;
  readonly path: string;
}

/**
 * A patch that fits is applied, even where its result seems to stand there already: the same lines may be wanted twice. A call that is
 * repeated after a crash needs nothing here, for its files were put back to what they were before it.
 * @throws PatchRefused, PatchMismatch
 */
export async function planPatch(workspace: string, sections: readonly PatchSection[]): Promise<PatchPlan> {
  const draft = new Draft(workspace);
  try {
    for (const section of sections) await planSection(draft, section);
  } catch (error) {
    if (error instanceof PatchMismatch && (await isAlreadyApplied(new Draft(workspace), sections)))
      return { kind: 'already-applied' };
    throw error;
  }
  return { kind: 'changes', changes: draft.changes() };
}

async function isAlreadyApplied(draft: Draft, sections: readonly PatchSection[]): Promise<boolean> {
  for (const section of sections) if (!(await isSectionApplied(draft, section))) return false;
  return sections.some(provesSomething);
}

/** A deletion does not: the file may never have been there. Nor does an update that changes nothing. */
function provesSomething(section: PatchSection): boolean {
  if (section.kind !== 'update') return section.kind === 'add';
  return section.moveTo !== undefined || section.chunks.some(({ lines }) => lines.some(({ kind }) => kind !== 'context'));
}

async function isSectionApplied(draft: Draft, section: PatchSection): Promise<boolean> {
  const file = await draft.read(await draft.resolve(section.path));
  switch (section.kind) {
    case 'add':
      return file?.text === section.text;
    case 'delete':
      return file === undefined;
    case 'update': {
      if (section.moveTo === undefined) return file !== undefined && isUpdated(file.text, section.chunks);
      const moved = await draft.read(await draft.resolve(section.moveTo));
      return file === undefined && moved !== undefined && isUpdated(moved.text, section.chunks);
    }
  }
}

async function planSection(draft: Draft, section: PatchSection): Promise<void> {
  const place = await draft.resolve(section.path);
  const file = await draft.read(place);
  if (section.kind === 'add') return draft.write(place, { text: section.text, mode: file?.mode ?? NEW_FILE_MODE });
  if (file === undefined) throw new PatchMismatch(`"${place.path}" cannot be ${section.kind}d: there is no such file`);
  if (section.kind === 'delete') return draft.remove(place, section.path);
  const text = updateText(place.path, file.text, section.chunks);
  if (section.moveTo === undefined) return draft.write(place, { text, mode: file.mode });
  const destination = await draft.resolve(section.moveTo);
  await draft.read(destination);
  if (destination.absolute !== place.absolute) await draft.remove(place, section.path);
  return draft.write(destination, { text, mode: file.mode });
}

/** The files as the patch so far leaves them. */
class Draft {
  readonly #workspace: string;
  readonly #before = new Map<string, TextFile | undefined>();
  readonly #after = new Map<string, { readonly place: Place; readonly file: TextFile | undefined }>();

  constructor(workspace: string) {
    this.#workspace = workspace;
  }

  async resolve(path: string): Promise<Place> {
    const place = await resolveInWorkspace(this.#workspace, path);
    if (place.kind === 'refused') throw new PatchRefused(`patch rejected: ${place.reason}`);
    return place;
  }

  async read({ absolute, path }: Place): Promise<TextFile | undefined> {
    const planned = this.#after.get(absolute);
    if (planned !== undefined) return planned.file;
    if (this.#before.has(absolute)) return this.#before.get(absolute);
    const read = await readText(absolute);
    if (read.kind === 'unreadable') throw new PatchRefused(`patch rejected: "${path}" cannot be patched: ${read.reason}`);
    const file = read.kind === 'absent' ? undefined : { text: read.text, mode: read.mode };
    this.#before.set(absolute, file);
    return file;
  }

  async write(place: Place, file: TextFile): Promise<void> {
    await this.#assertFolder(place);
    this.#after.set(place.absolute, { place, file });
  }

  /** Removing a link's target instead of the link is not what anyone meant. */
  async remove(place: Place, written: string): Promise<void> {
    const status = await lstat(join(this.#workspace, written)).catch(() => undefined);
    if (status?.isSymbolicLink() === true)
      throw new PatchRefused(`patch rejected: "${written}" is a symbolic link; remove it with exec_command`);
    this.#after.set(place.absolute, { place, file: undefined });
  }

  changes(): readonly FileChange[] {
    const all = [...this.#after.values()].map(({ place, file }) => ({
      ...place,
      before: this.#before.get(place.absolute),
      after: file,
    }));
    return all.filter(({ before, after }) => before?.text !== after?.text || before?.mode !== after?.mode);
  }

  /** A file cannot lie below another file, be that on the disk or in this patch. */
  async #assertFolder({ absolute, path }: Place): Promise<void> {
    for (let folder = dirname(absolute); folder.length > this.#workspace.length; folder = dirname(folder)) {
      const planned = this.#after.get(folder);
      const isFileOnDisk = (await stat(folder).catch(() => undefined))?.isDirectory() === false;
      const isFile = planned === undefined ? isFileOnDisk : planned.file !== undefined;
      if (isFile) throw new PatchRefused(`patch rejected: "${path}" cannot be written, because a part of its path is a file`);
    }
    const below = [...this.#after].find(([other, { file }]) => file !== undefined && other.startsWith(`${absolute}/`));
    if (below !== undefined)
      throw new PatchRefused(
        `patch rejected: "${path}" cannot be a file, because the patch puts "${below[1].place.path}" below it`,
      );
  }
}
