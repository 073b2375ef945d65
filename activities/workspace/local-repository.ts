/** The user's repository as a source of objects: on another host it may be at the same path, or not. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gitInRepository } from './git.ts';
import { WorkspaceError } from './workspace-error.ts';

export interface LocalRepository {
  readonly objects: string;
  readonly exclude: string;
  readonly shallow: string;
}

/** `undefined`: there is none at the path, or it does not have the commit. */
export async function findRepository(path: string, commit: string): Promise<LocalRepository | undefined> {
  if (!existsSync(path)) return undefined;
  const ask = (...args: string[]): Promise<string> => gitInRepository({ directory: path, args });
  try {
    const common = resolve(path, (await ask('rev-parse', '--git-common-dir')).replace(/\n$/, ''));
    await ask('cat-file', '-e', `${commit}^{tree}`);
    return { objects: join(common, 'objects'), exclude: join(common, 'info', 'exclude'), shallow: join(common, 'shallow') };
  } catch (error) {
    if (error instanceof WorkspaceError && error.code === 'git-failed') return undefined;
    throw error;
  }
}
