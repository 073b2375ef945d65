import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Removes a task's files and git folder; what else lies beside them, such as a large diff, stays. Does nothing when called again. */
export async function closeWorkspace(directory: string): Promise<void> {
  // A process that is being killed may still create files while they are removed.
  const options = { recursive: true, force: true, maxRetries: 5 };
  await Promise.all(['tree', 'git'].map((part) => rm(join(directory, part), options)));
  if ((await listOf(directory)).length === 0) await rmdir(directory).catch(() => undefined);
}

async function listOf(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch {
    return ['absent'];
  }
}
