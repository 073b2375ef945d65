/** What a person wrote cannot be done as written; nothing was started. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
