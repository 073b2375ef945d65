import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

export interface TextFile {
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
}

export type TextRead =
  | ({ readonly kind: 'text' } & TextFile)
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** Source files are far smaller; more would only fill the worker's memory. */
const LARGEST_FILE_BYTES = 16 * 1024 * 1024;

/** Reads a regular UTF-8 file. A pipe or device is found out without waiting for someone to write to it. */
export async function readText(path: string): Promise<TextRead> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    return describeError(error);
  }
  try {
    return await readRegular(handle);
  } catch (error) {
    return describeError(error);
  } finally {
    await handle.close();
  }
}

async function readRegular(handle: FileHandle): Promise<TextRead> {
  const status = await handle.stat();
  if (status.isDirectory()) return { kind: 'unreadable', reason: 'it is a directory' };
  if (!status.isFile()) return { kind: 'unreadable', reason: 'it is no regular file but a pipe, socket or device' };
  if (status.size > LARGEST_FILE_BYTES) {
    return {
      kind: 'unreadable',
      reason: `it has ${status.size} bytes, and the limit is ${LARGEST_FILE_BYTES}; use exec_command for parts of it`,
    };
  }
  const bytes = await handle.readFile();
  if (bytes.includes(0)) return { kind: 'unreadable', reason: 'it is a binary file' };
  try {
    return {
      kind: 'text',
      text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
      mode: status.mode & 0o7777,
    };
  } catch {
    return { kind: 'unreadable', reason: 'it is not UTF-8 text' };
  }
}

function describeError(error: unknown): TextRead {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { kind: 'absent' };
    case 'ENXIO':
      return { kind: 'unreadable', reason: 'it is no regular file but a socket or device' };
    case 'EACCES':
      return { kind: 'unreadable', reason: 'the permission to read it is missing' };
    default:
      return { kind: 'unreadable', reason: error instanceof Error ? error.message : String(error) };
  }
}
