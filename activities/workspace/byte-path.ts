/** Between paths as git lists them, one character for each byte, and paths that the disk takes. */
import { isUtf8 } from 'node:buffer';
import { join } from 'node:path';
import type { BytePath } from '../../workflows/domain/checkpoint.ts';

/** For calls of `node:fs`, which take bytes. `folder` is ours and so is text. */
export function onDisk(folder: string, path: BytePath): Buffer {
  return Buffer.concat([Buffer.from(join(folder, '/')), bytesOf(path)]);
}

/** For people and results; bytes that are no UTF-8 become U+FFFD. */
export function toText(path: BytePath): string {
  return bytesOf(path).toString('utf8');
}

/** A name that Node gave as bytes. */
export function fromBytes(bytes: Uint8Array): BytePath {
  return Buffer.from(bytes).toString('latin1');
}

/** Whether the path can be an argument or a variable of a process, which Node writes as UTF-8. */
export function isText(path: BytePath): boolean {
  return isUtf8(bytesOf(path));
}

/** What `-z` lists. */
export function splitList(list: string): readonly string[] {
  return list.split('\0').filter((entry) => entry !== '');
}

/** What `-z --stdin` reads. */
export function joinList(entries: readonly string[]): string {
  return entries.map((entry) => `${entry}\0`).join('');
}

function bytesOf(path: BytePath): Buffer {
  return Buffer.from(path, 'latin1');
}
