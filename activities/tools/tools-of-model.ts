/** Which of the tools for commands a model was trained with: it uses those best. */

/**
 * Families from before sessions. From the models' own instructions and tool lists in the Codex
 * releases of 2025, looked up 2026-11-22; every later model has sessions.
 */
const WITHOUT_SESSIONS = /^(?:gpt-5-codex|gpt-4|o3|o4|codex-mini)/;

const OF_SESSIONS = ['exec_command', 'write_stdin'];
const WITHOUT = ['shell'];

/** Of the tools there are, those that a task of this model is told of. */
export function toolsOfModel(model: string, names: readonly string[]): readonly string[] {
  const left: readonly string[] = WITHOUT_SESSIONS.test(model) ? OF_SESSIONS : WITHOUT;
  return names.filter((name) => !left.includes(name));
}
