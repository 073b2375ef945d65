/** Which of the tools a model is offered: it does best with the command tools that it was trained with. */

const SESSION_TOOLS = ['exec_command', 'write_stdin'];
const SHELL_TOOL = 'shell';

/** Families trained with `shell`; every other model has the session tools. A family is a name, or the beginning of one before a "-". */
const SHELL_FAMILIES = {
  families: ['gpt-3.5', 'gpt-4', 'gpt-4.1', 'gpt-4o', 'o1', 'o3', 'o4-mini', 'gpt-oss', 'codex-mini', 'gpt-5'],
  source:
    'https://github.com/openai/codex/blob/c45eada0c35911df5ff405497289a54501b57818/codex-rs/core/src/models_manager/model_family.rs',
  asOf: '2026-11-27',
} as const;

/** Of those names, in the order given. `model` is the one that was asked for, also with its maker before it ("openai/gpt-5"). */
export function toolsFor(model: string, names: readonly string[]): string[] {
  const left = isTrainedWithShell(model) ? SESSION_TOOLS : [SHELL_TOOL];
  return names.filter((name) => !left.includes(name));
}

function isTrainedWithShell(model: string): boolean {
  const name = model
    .toLowerCase()
    .replace(/^.*\//, '')
    .replace(/^openai\./, '');
  return SHELL_FAMILIES.families.some((family) => name === family || name.startsWith(`${family}-`));
}
