/** The configuration cannot be used as it is. The message has one mistake per line, each with its place and what to do. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(
      problems.length === 1 ? problems.join() : `${problems.length} mistakes in the configuration:\n  ${problems.join('\n  ')}`,
    );
    this.name = 'ConfigError';
  }
}
