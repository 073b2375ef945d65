/** The words of an error and of its causes, for the terminal; the stack only of what nobody foresaw. */
export function describeProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const foreseen = error.name !== 'TypeError' && error.name !== 'ReferenceError' && error.name !== 'RangeError';
  return foreseen ? error.message : (error.stack ?? error.message);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
