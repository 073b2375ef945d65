/** Which scripts prepare a workspace, and whether what they made for another task will do. */
import { createHash } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson } from '../digest.ts';
import type { WorkspaceRecord } from '../store/task-store.ts';

/** A command line for workspaces that have the file; without `when` for all. */
export interface SetUpRule {
  readonly when?: string;
  readonly run: string;
}

export interface SetUpSettings {
  readonly rules: readonly SetUpRule[];
  /** Whether a repository may bring its own script, which then takes the place of the rules. */
  readonly repositoryScript: boolean;
  /** Run where the result of an earlier set-up was taken. */
  readonly maintenance?: string;
  readonly cacheMaxBytes: number;
}

export interface SetUpPlan {
  /** In this order. */
  readonly commands: readonly string[];
  /** Equal for equal scripts on equal lock files of one repository on machines of one kind. */
  readonly key: string;
}

/** Where a repository has its own. */
export const REPOSITORY_SCRIPT = '.anyport/setup.sh';

type Planned = Pick<WorkspaceRecord, 'directory' | 'repository' | 'sandbox' | 'network'>;

/** `undefined`: there is nothing to set up. */
export async function planSetUp(settings: SetUpSettings, workspace: Planned): Promise<SetUpPlan | undefined> {
  const own = settings.repositoryScript ? await contentOf(workspace, REPOSITORY_SCRIPT) : undefined;
  const rules = own === undefined ? settings.rules : [{ when: REPOSITORY_SCRIPT, run: `sh ${REPOSITORY_SCRIPT}` }];
  const matched: { readonly run: string; readonly content: string }[] = [];
  for (const { when, run } of rules) {
    const content = when === undefined ? '' : await contentOf(workspace, when);
    if (content !== undefined) matched.push({ run, content });
  }
  if (matched.length === 0) return undefined;
  return { commands: matched.map(({ run }) => run), key: keyOf(workspace, matched) };
}

/**
 * The repository is part of it: what a script makes may depend on more of it than the lock file, and is not for other repositories. So is
 * what it could reach, as a tenant may have less of that than another.
 */
function keyOf({ repository, sandbox, network }: Planned, matched: readonly unknown[]): string {
  const machine = [process.platform, process.arch, process.versions.modules, sandbox, ...(network?.allow ?? [])];
  return createHash('sha256')
    .update(canonicalJson([repository, machine, matched]))
    .digest('hex');
}

/** The digest of a regular file; what a link leads to is not asked. */
async function contentOf({ directory }: Planned, path: string): Promise<string | undefined> {
  const file = join(directory, path);
  const found = await lstat(file).catch(() => undefined);
  return found?.isFile() === true
    ? createHash('sha256')
        .update(await readFile(file))
        .digest('hex')
    : undefined;
}
