/** The tools there are. A new one is a file of its own and one more line here. */
import type { ToolDefinition } from '../../workflows/domain/tool-call.ts';
import { applyPatch } from './apply-patch.ts';
import type { CommandSessions } from './command-sessions.ts';
import { createExecCommand } from './exec-command.ts';
import { listFiles } from './list-files.ts';
import { readFile } from './read-file.ts';
import { searchFiles } from './search-files.ts';
import { shell } from './shell.ts';
import type { Tool } from './tool.ts';
import { updatePlan } from './update-plan.ts';
import { viewImage } from './view-image.ts';
import { createWriteStdin } from './write-stdin.ts';

export interface ToolRegistry {
  readonly names: readonly string[];
  find(name: string): Tool | undefined;
  /** Of those names that it knows, in the order given. */
  definitions(names: readonly string[]): readonly ToolDefinition[];
}

/** What tools share with each other and with whoever ends a task. */
export interface BuiltInToolParts {
  readonly sessions: CommandSessions;
}

/** Every task with a workspace has these; `toolsFor` leaves out those that its model does not know. */
export function createBuiltInTools({ sessions }: BuiltInToolParts): readonly Tool[] {
  const commands = [createExecCommand(sessions), createWriteStdin(sessions), shell];
  return [applyPatch, ...commands, readFile, listFiles, searchFiles, updatePlan, viewImage];
}

export function createToolRegistry(all: readonly Tool[]): ToolRegistry {
  const tools = new Map(all.map((tool) => [tool.definition.name, tool]));
  return {
    names: [...tools.keys()],
    find: (name) => tools.get(name),
    definitions: (names) => names.flatMap((name) => tools.get(name)?.definition ?? []),
  };
}
