const MARK = Symbol.for('anyport.tool-error');

/**
 * Thrown by a tool of one's own to tell the model what went wrong. The words of any other error stay in the worker's log: they may hold
 * what is for nobody else, such as an address with a password in it.
 */
export class ToolError extends Error {
  readonly [MARK] = true;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ToolError';
  }
}

/** Also one of another copy of this package. */
export function isToolError(error: unknown): error is ToolError {
  return error instanceof Error && MARK in error;
}
