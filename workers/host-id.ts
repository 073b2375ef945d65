import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Names the host whose data folder this is, so that a restarted worker takes up the workspaces of the one before it. Two
 * workers that start at once agree: the first to link its file wins.
 */
export async function readHostId(dataDirectory: string): Promise<string> {
  await mkdir(dataDirectory, { recursive: true });
  const file = join(dataDirectory, 'host-id');
  const proposed = `${file}.${randomUUID()}`;
  // Short, since it stands in the history of every tool call; 72 bits are enough to tell hosts apart.
  await writeFile(proposed, randomBytes(9).toString('base64url'));
  try {
    await link(proposed, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(proposed);
  }
  return (await readFile(file, 'utf8')).trim();
}
