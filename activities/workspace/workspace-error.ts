export type WorkspaceProblem =
  | 'not-found'
  | 'not-a-repository'
  | 'bare-repository'
  | 'no-commit'
  | 'uncommitted-changes'
  | 'git-missing'
  | 'moved'
  | 'not-kept'
  | 'too-large'
  | 'git-failed';

/** A workspace cannot be opened or read; the message is for the person who named the repository. */
export class WorkspaceError extends Error {
  readonly code: WorkspaceProblem;

  constructor(code: WorkspaceProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WorkspaceError';
    this.code = code;
  }
}
