/** Reads a file of the workspace while commands may be changing it: a pipe, a device or a link put in its place is not read. */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, readlink } from 'node:fs/promises';

export type ConfinedRead =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** What a file that is being written to may have grown by while it is read; more is left out. */
const GROWTH_BYTES = 64 * 1024;

/** `path`: absolute, as `resolveInWorkspace` gave it. */
export async function readConfined(path: string, maxBytes: number): Promise<ConfinedRead> {
  let handle: FileHandle;
  try {
    // Without waiting for someone to write to a pipe.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    return describeError(error);
  }
  try {
    return await readRegular(handle, path, maxBytes);
  } catch (error) {
    return describeError(error);
  } finally {
    await handle.close();
  }
}

async function readRegular(handle: FileHandle, path: string, maxBytes: number): Promise<ConfinedRead> {
  const status = await handle.stat();
  if (status.isDirectory()) return unreadable('it is a directory');
  if (!status.isFile()) return unreadable('it is no regular file but a pipe, socket or device');
  if (await isElsewhere(handle, path)) return unreadable('a folder on its path was replaced by a link meanwhile');
  if (status.size > maxBytes) return unreadable(tooLarge(status.size, maxBytes));
  // One byte more shows that it has grown since; an endless file must not fill the worker's memory.
  const buffer = Buffer.alloc(Math.min(maxBytes + 1, status.size + GROWTH_BYTES));
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  if (length > maxBytes) return unreadable(tooLarge(length, maxBytes));
  return { kind: 'bytes', bytes: buffer.subarray(0, length) };
}

/** Where the system can tell: on Linux. */
async function isElsewhere(handle: FileHandle, path: string): Promise<boolean> {
  try {
    const opened = await readlink(`/proc/self/fd/${handle.fd}`);
    return opened !== path && opened !== `${path} (deleted)`;
  } catch {
    return false;
  }
}

function tooLarge(bytes: number, maxBytes: number): string {
  return `it has ${bytes} bytes, and the limit is ${maxBytes}`;
}

function unreadable(reason: string): ConfinedRead {
  return { kind: 'unreadable', reason };
}

function describeError(error: unknown): ConfinedRead {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { kind: 'absent' };
    case 'ELOOP':
      return unreadable('it was replaced by a symbolic link meanwhile');
    case 'ENXIO':
      return unreadable('it is no regular file but a socket or device');
    case 'EACCES':
      return unreadable('the permission to read it is missing');
    default:
      return unreadable(error instanceof Error ? error.message : String(error));
  }
}
