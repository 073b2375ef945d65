/** Where a path that a model wrote leads: only to places in the workspace, also after every symbolic link, and never into `.git`. */
import { lstat, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

export type WorkspacePath =
  | { readonly kind: 'inside'; readonly absolute: string; /** With `/`, from the root; '.' is the root. */ readonly path: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** Resolves what exists of the path; the rest may be created. `workspace` is absolute and free of links. */
export async function resolveInWorkspace(workspace: string, path: string): Promise<WorkspacePath> {
  if (path.trim() === '') return refuse('the path is empty; give a path in the workspace');
  if (path.includes('\0')) return refuse(`the path ${JSON.stringify(path)} has a NUL character`);
  if (isAbsolute(path)) return refuse(`"${path}" is an absolute path; give it relative to the workspace's root`);
  const lexical = resolve(workspace, path);
  if (!isWithin(workspace, lexical)) return refuse(`"${path}" leaves the workspace`);
  const real = await resolveExisting(lexical);
  if (real === undefined) return refuse(`"${path}" goes through a symbolic link that leads nowhere or in a circle`);
  if (!isWithin(workspace, real)) return refuse(`"${path}" leaves the workspace through a symbolic link`);
  const fromRoot = relative(workspace, real);
  if ([relative(workspace, lexical), fromRoot].some(isInGit)) return refuse(`"${path}" is in .git, which is not to be touched`);
  return { kind: 'inside', absolute: real, path: fromRoot === '' ? '.' : fromRoot.split(sep).join('/') };
}

function refuse(reason: string): WorkspacePath {
  return { kind: 'refused', reason };
}

function isWithin(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** At any depth: a nested repository's hooks are as dangerous. Case does not matter on some file systems. */
function isInGit(path: string): boolean {
  return path.split(sep).some((part) => part.toLowerCase() === '.git');
}

/** undefined for a dangling link: writing through it would create a file at an unknown place. */
async function resolveExisting(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return undefined;
  }
  if (await isLink(path)) return undefined;
  const parent = await resolveExisting(dirname(path));
  return parent === undefined ? undefined : join(parent, path.slice(dirname(path).length).replace(/^\/+/, ''));
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch {
    return false;
  }
}
