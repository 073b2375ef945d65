/** What set-up scripts made, kept for the next task: one archive per key, the longest unused ones given up when there are too many. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { BytePath } from '../../workflows/domain/checkpoint.ts';
import { asTreeOwner } from '../command-user.ts';
import { joinList } from './byte-path.ts';

export interface SetUpCache {
  /** Unpacks into the folder; `false`: there is none. */
  take(key: string, tree: string): Promise<boolean>;
  /** Packs these paths of the folder. */
  keep(key: string, tree: string, paths: readonly BytePath[]): Promise<void>;
}

const SUFFIX = '.tar';
// Files belong to whoever runs the worker, and no bit of a mode says otherwise.
const UNPACK = ['--extract', '--no-same-owner', '--no-same-permissions', '--file'];

export function createSetUpCache(folder: string, maxBytes: number): SetUpCache {
  return {
    async take(key, tree) {
      const archive = join(folder, key + SUFFIX);
      const found = await stat(archive).catch(() => undefined);
      if (found === undefined) return false;
      try {
        await tar([...UNPACK, archive, '--directory', tree]);
      } catch {
        // A damaged one is of no use to anybody; the script makes it again.
        await rm(archive, { force: true });
        return false;
      }
      const now = new Date();
      await utimes(archive, now, now).catch(() => undefined);
      return true;
    },
    async keep(key, tree, paths) {
      await mkdir(folder, { recursive: true });
      const draft = join(folder, `${randomUUID()}.new`);
      try {
        const list = joinList(paths.map((path) => `./${path}`));
        await tar(['--create', '--file', draft, '--directory', tree, '--null', '--files-from', '-'], list);
        if ((await stat(draft)).size <= maxBytes) await rename(draft, join(folder, key + SUFFIX));
      } finally {
        await rm(draft, { force: true });
      }
      await evict(folder, maxBytes);
    },
  };
}

async function evict(folder: string, maxBytes: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(SUFFIX));
  const archives = await Promise.all(
    names.map(async (name) => ({ path: join(folder, name), ...(await sizeAndUse(join(folder, name))) })),
  );
  let total = 0;
  for (const { path, bytes } of archives.toSorted((left, right) => right.usedMs - left.usedMs)) {
    total += bytes;
    if (total > maxBytes) await rm(path, { force: true });
  }
}

async function sizeAndUse(path: string): Promise<{ bytes: number; usedMs: number }> {
  const found = await stat(path).catch(() => undefined);
  return { bytes: found?.size ?? 0, usedMs: found?.mtimeMs ?? 0 };
}

/** @throws Error with tar's words */
async function tar(args: readonly string[], input = ''): Promise<void> {
  const program = asTreeOwner({ command: 'tar', args });
  const child = spawn(program.command, program.args, {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input, 'latin1');
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`tar failed: ${Buffer.concat(said).toString().trim()}`);
}
