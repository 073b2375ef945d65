/** Brings planned changes to the disk all together: everything is written beside its place first, and what fails is undone. */
import { randomUUID } from 'node:crypto';
import { chmod, open, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { giveToCommands, makeFolders } from '../command-user.ts';
import type { FileChange } from './plan-patch.ts';
import type { TextFile } from './read-text.ts';

type Undo = () => Promise<unknown>;

/** @throws the file system's error, after the files are as they were */
export async function commitChanges(changes: readonly FileChange[]): Promise<void> {
  const undo: Undo[] = [];
  const discard: Undo[] = [];
  try {
    // A file may have to go before a folder of its name can come.
    const [removals, writes] = [
      changes.filter(({ after }) => after === undefined),
      changes.filter(({ after }) => after !== undefined),
    ];
    for (const change of removals) await setAside(change, undo, discard);
    for (const change of writes) await replace(change, undo, discard);
  } catch (error) {
    for (const step of undo.toReversed()) await step().catch(() => undefined);
    throw error;
  }
  await Promise.all(discard.map((step) => step().catch(() => undefined)));
}

async function replace(change: FileChange, undo: Undo[], discard: Undo[]): Promise<void> {
  const { absolute, after } = change;
  if (after === undefined) return;
  const created = await makeFolders(dirname(absolute));
  if (created !== undefined) undo.push(() => removeEmpty(dirname(absolute), created));
  const draft = nameBeside(absolute);
  undo.push(() => rm(draft, { force: true }));
  await writeDraft(draft, after);
  if (change.before !== undefined) await setAside(change, undo, discard);
  await rename(draft, absolute);
  undo.push(() => rm(absolute, { force: true }));
}

async function setAside({ absolute }: FileChange, undo: Undo[], discard: Undo[]): Promise<void> {
  const aside = nameBeside(absolute);
  await rename(absolute, aside);
  undo.push(() => rename(aside, absolute));
  discard.push(() => rm(aside, { force: true }));
}

async function writeDraft(path: string, { text, mode }: TextFile): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  // The process's umask may have taken bits away.
  await chmod(path, mode);
  await giveToCommands(path);
}

/** Up to the topmost folder that was made. */
async function removeEmpty(folder: string, topmost: string): Promise<void> {
  for (let path = folder; path.length >= topmost.length; path = dirname(path)) await rmdir(path);
}

function nameBeside(path: string): string {
  return join(dirname(path), `.anyport-${randomUUID()}`);
}
