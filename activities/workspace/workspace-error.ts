export type WorkspaceProblem =
  | 'not-found'
  | 'not-a-repository'
  | 'bare-repository'
  | 'no-commit'
  | 'uncommitted-changes'
  | 'git-missing'
  | 'git-failed'
  /** Neither the repository nor a snapshot of its base commit is at hand here; another host may have it. */
  | 'base-missing'
  | 'base-too-large'
  | 'no-workspace'
  | 'no-checkpoint'
  /** Another host has taken the workspace over. */
  | 'moved'
  | 'set-up-failed';

/** A workspace cannot be opened or read; the message is for the person who named the repository. */
export class WorkspaceError extends Error {
  readonly code: WorkspaceProblem;

  constructor(code: WorkspaceProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WorkspaceError';
    this.code = code;
  }
}
