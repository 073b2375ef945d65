/** Packs of git objects: made by git, kept in the task store in parts, and read back into a repository. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredPack } from '../../workflows/domain/checkpoint.ts';
import type { TaskStore } from '../store/task-store.ts';
import { TaskStoreError } from '../store/task-store.ts';
import type { Git } from './checkpoint-repository.ts';

type PackStore = Pick<TaskStore, 'putPackPart' | 'getPackPart'>;

/** The store writes a part at once, in tens of milliseconds: heartbeats go on between two. */
const PART_BYTES = 4 * 1024 * 1024;

/** One thread, so that the same objects give the same bytes. */
const PACK = ['-c', 'pack.threads=1', 'pack-objects', '--revs', '--delta-base-offset', '--stdout', '-q'];

export interface PackContent {
  readonly include: readonly string[];
  /** What whoever reads the pack has already: differences from it may be all that is told. */
  readonly exclude: readonly string[];
}

/** What can be reached from `include` and not from `exclude`. */
export async function writePack(git: Git, { include, exclude }: PackContent, file: string): Promise<void> {
  const lines = [...include, ...exclude.map((name) => `^${name}`)];
  const args = exclude.length === 0 ? PACK : [...PACK, '--thin'];
  await git(args, { input: lines.map((line) => `${line}\n`).join(''), outputFile: file });
}

/** Writes a pack into a folder of its own within `folder` while it is used. */
export async function withPack<Result>(
  git: Git,
  { folder, ...content }: PackContent & { readonly folder: string },
  use: (file: string) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(folder, 'pack-'));
  try {
    const file = join(directory, 'objects.pack');
    await writePack(git, content, file);
    return await use(file);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Writes every part before it tells the name, so that whoever has the name can read all of it. */
export async function storePack(store: PackStore, file: string): Promise<StoredPack> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  const id = hash.digest('base64url');
  let parts = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: PART_BYTES })) {
    await store.putPackPart(id, parts, chunk as Buffer);
    parts += 1;
  }
  return { id, bytes: (await stat(file)).size, parts };
}

/** Gives the objects to a repository that has what the pack builds on. @throws TaskStoreError when a part is missing */
export async function addPack(git: Git, store: PackStore, pack: StoredPack): Promise<void> {
  await git(['index-pack', '--stdin', '--fix-thin'], { input: readParts(store, pack) });
}

async function* readParts(store: PackStore, { id, parts }: StoredPack): AsyncGenerator<Uint8Array> {
  for (let part = 0; part < parts; part += 1) {
    const bytes = await store.getPackPart(id, part);
    if (bytes === undefined) throw new TaskStoreError(`the task store has no part ${part} of ${parts} of the pack ${id}`);
    yield bytes;
  }
}
