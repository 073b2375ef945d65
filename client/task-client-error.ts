/** Why a call of the client did not give what was asked for; a caller switches on it, the message is for people. */
export type TaskClientProblem =
  /** No Temporal server, or it stopped answering. */
  | 'no-server'
  /** The server answers, but no worker did in time: the task is safe and waits. */
  | 'no-worker'
  | 'not-found'
  /** A task of this id has ended already. */
  | 'already-ended'
  /** Ended by an operator or by Temporal: there is no result. */
  | 'terminated'
  | 'timed-out'
  | 'broken'
  /** The task itself says no, and why. */
  | 'refused'
  /** The tool call was answered before, and otherwise. */
  | 'answered'
  /** No such tool call waits for an answer. */
  | 'not-waiting'
  | 'invalid-file';

/** An error that a caller can do something about; its message says what. */
export class TaskClientError extends Error {
  override readonly name = 'TaskClientError';
  readonly problem: TaskClientProblem;

  constructor(problem: TaskClientProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
  }
}
