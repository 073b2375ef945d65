/** Answers too large for one result, as files that are read part by part and forgotten when nobody has asked for a while. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { createQueues } from './one-by-one.ts';

export interface AnswerPart {
  /** Of the whole answer. */
  readonly digest: string;
  readonly totalBytes: number;
  readonly bytes: Buffer;
}

export interface AnswerFiles {
  /** The part from `offset` on; `write` makes the whole where it is not at hand. */
  read(key: string, offset: number, write: (file: string) => Promise<unknown>): Promise<AnswerPart>;
}

/** As base64 400,000 characters, well within what Temporal takes without a warning (512 KB). */
export const PART_BYTES = 300_000;
/** A client asks for the next part within milliseconds; one that was interrupted begins anew. */
const FORGOTTEN_MS = 10 * 60_000;

export function createAnswerFiles(folder: string): AnswerFiles {
  const inTurn = createQueues();
  return {
    read: (key, offset, write) =>
      inTurn(key, async () => {
        await forget(folder);
        const directory = join(folder, key);
        const digest = (await listOf(directory))[0] ?? (await make(directory, write));
        const now = new Date();
        await utimes(directory, now, now);
        return { digest, ...(await readPart(join(directory, digest), offset)) };
      }),
  };
}

/** Named by its digest, so that a part of one never passes for a part of another. */
async function make(directory: string, write: (file: string) => Promise<unknown>): Promise<string> {
  const draft = `${directory}.${randomUUID()}.new`;
  await mkdir(directory, { recursive: true });
  try {
    await write(draft);
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(draft)) hash.update(chunk as Buffer);
    const digest = hash.digest('base64url');
    await rename(draft, join(directory, digest));
    return digest;
  } finally {
    await rm(draft, { force: true });
  }
}

async function readPart(file: string, offset: number): Promise<Omit<AnswerPart, 'digest'>> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.max(0, Math.min(PART_BYTES, size - offset)));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
    return { totalBytes: size, bytes: buffer.subarray(0, bytesRead) };
  } finally {
    await handle.close();
  }
}

async function forget(folder: string): Promise<void> {
  for (const name of await listOf(folder)) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > FORGOTTEN_MS)
      await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function listOf(folder: string): Promise<readonly string[]> {
  const names: readonly string[] = await readdir(folder).catch(() => []);
  return names.toSorted();
}
