/** The tools there are. A new one is a file of its own and one more line here. */
import type { ToolDefinition } from '../../workflows/domain/tool-call.ts';
import { applyPatch } from './apply-patch.ts';
import { execCommand } from './exec-command.ts';
import { listFiles } from './list-files.ts';
import { readFile } from './read-file.ts';
import { searchFiles } from './search-files.ts';
import type { Tool } from './tool.ts';

export interface ToolRegistry {
  readonly names: readonly string[];
  find(name: string): Tool | undefined;
  /** Of those names that it knows, in the order given. */
  definitions(names: readonly string[]): readonly ToolDefinition[];
}

/** Every task with a workspace has these. */
export const BUILT_IN_TOOLS: readonly Tool[] = [applyPatch, execCommand, readFile, listFiles, searchFiles];

export function createToolRegistry(all: readonly Tool[]): ToolRegistry {
  const tools = new Map(all.map((tool) => [tool.definition.name, tool]));
  return {
    names: [...tools.keys()],
    find: (name) => tools.get(name),
    definitions: (names) => names.flatMap((name) => tools.get(name)?.definition ?? []),
  };
}
