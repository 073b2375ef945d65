/**
 * The environment of a task's commands: made from nothing, since the worker's own holds the clouds' credentials. What a
 * program needs to behave without a terminal is set; nothing else passes.
 */
const FIXED = {
  LANG: 'C.UTF-8',
  TERM: 'dumb',
  CI: '1',
  NO_COLOR: '1',
  PAGER: 'cat',
  GIT_PAGER: 'cat',
  // A git command that asks for a password or an editor would wait until its time is over.
  GIT_TERMINAL_PROMPT: '0',
  GIT_EDITOR: 'true',
  // The workspace's git folder is read-only to commands; `git status` must not try to refresh the index there.
  GIT_OPTIONAL_LOCKS: '0',
} as const;

export function commandEnvironment(path: string, home: string): Record<string, string> {
  return { ...FIXED, PATH: path, HOME: home, TMPDIR: home };
}
