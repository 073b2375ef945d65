/** A file without a name, which goes with this process however it ends. */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives the path under which programs of this user can open it while this process lives. Linux only. */
export function createNamelessFile(bytes: Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'anyport-'));
  try {
    const descriptor = openSync(join(folder, 'bytes'), 'wx+', 0o600);
    if (writeSync(descriptor, bytes) === bytes.length) return `/proc/${process.pid}/fd/${descriptor}`;
    closeSync(descriptor);
    throw new Error('a file of a few bytes could not be written whole');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
