/** Runs git so that neither hooks nor the environment of the worker decide what happens. */
import { execFile } from 'node:child_process';
import { WorkspaceError } from './workspace-error.ts';

/** A repository of millions of files on a slow disk takes minutes; a git that waits for something else is ended. */
const GIT_TIMEOUT_MS = 20 * 60_000;
/** Lists of the files of a large repository; diffs, which may be larger, are written to a file. */
const MAX_GIT_OUTPUT_BYTES = 256 * 1024 * 1024;

const NEUTRAL = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'core.splitIndex=false',
  // The worker may run as another user than the owner of the repository.
  'safe.directory=*',
  'gc.auto=0',
  'core.quotePath=false',
].flatMap((setting) => ['-c', setting]);

export interface GitCall {
  readonly directory: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Given to its standard input, which is empty otherwise. */
  readonly input?: string | Buffer;
  /** `latin1` keeps every byte of names that are not UTF-8. */
  readonly encoding?: 'utf8' | 'latin1';
}

/** In the workspace: no configuration of the user's or the machine's has a say. @returns stdout */
export function gitInWorkspace(call: GitCall): Promise<string> {
  const isolated = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_ATTR_NOSYSTEM: '1' };
  return git({ ...call, environment: { ...isolated, ...call.environment } });
}

/** In the user's repository, only to read; what is ignored or changed there is what the user's own git says. @returns stdout */
export function gitInRepository(call: GitCall): Promise<string> {
  return git(call);
}

/** @throws WorkspaceError `git-failed` with git's words, `git-missing` */
function git({ directory, args, environment, input, encoding = 'utf8' }: GitCall): Promise<string> {
  const env = {
    ...withoutGit(process.env),
    LC_ALL: 'C',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    ...environment,
  };
  const options = { cwd: directory, env, timeout: GIT_TIMEOUT_MS, maxBuffer: MAX_GIT_OUTPUT_BYTES, encoding };
  return new Promise((resolve, reject) => {
    const child = execFile('git', [...NEUTRAL, ...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT')
        reject(
          new WorkspaceError('git-missing', "git is not installed on the worker's host; install git 2.30 or newer", {
            cause: error,
          }),
        );
      else
        reject(
          new WorkspaceError('git-failed', `git ${args[0] ?? ''} failed in ${directory}: ${stderr.trim() || error.message}`, {
            cause: error,
          }),
        );
    });
    // One that ends early, having said why, does not read it all.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
}

/** A worker started from a git hook has GIT_DIR set, which would turn every call to that repository. */
function withoutGit(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('GIT_')));
}
