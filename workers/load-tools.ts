/** The user's own tools: from the modules that the configuration names, and checked together. */
import { pathToFileURL } from 'node:url';
import { AGENT_TOOLS } from '../activities/tools/agent-tools.ts';
import { CommandSessions } from '../activities/tools/command-sessions.ts';
import type { OwnTool } from '../activities/tools/define-tool.ts';
import { isOwnTool } from '../activities/tools/define-tool.ts';
import { createBuiltInTools } from '../activities/tools/tool-registry.ts';
import type { ToolModule } from './anyport-config.ts';
import { ConfigError } from './config-error.ts';
import { messageOf } from './describe-problem.ts';

/** Everything that the modules export and `defineTool` made, then `more`. @throws ConfigError */
export async function loadTools(modules: readonly ToolModule[], more: readonly OwnTool[] = []): Promise<readonly OwnTool[]> {
  const loaded: OwnTool[] = [];
  // One after the other: what a module does when it is loaded may build on the one before.
  for (const module of modules) loaded.push(...(await loadModule(module)));
  const tools = [...loaded, ...more];
  checkNames(tools);
  return tools;
}

async function loadModule({ path, place }: ToolModule): Promise<readonly OwnTool[]> {
  const exported = await importModule(path).catch((error: unknown) => {
    throw new ConfigError([`${place}: the tools of ${path} cannot be loaded: ${messageOf(error)}`]);
  });
  const byName = Object.entries(exported).toSorted(([left], [right]) => (left < right ? -1 : 1));
  const tools = [...new Set(byName.flatMap(([, value]: [string, unknown]) => (Array.isArray(value) ? value : [value])))];
  const own = tools.filter(isOwnTool);
  if (own.length === 0) {
    throw new ConfigError([`${place}: ${path} exports no tool: export what defineTool of anyport/worker gives`]);
  }
  return own;
}

async function importModule(path: string): Promise<object> {
  const exported: unknown = await import(pathToFileURL(path).href);
  return typeof exported === 'object' && exported !== null ? exported : {};
}

function checkNames(own: readonly OwnTool[]): void {
  const builtIn = [
    ...createBuiltInTools({ sessions: new CommandSessions() }).map(({ definition }) => definition.name),
    ...AGENT_TOOLS,
  ];
  const names = own.map(({ definition }) => definition.name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  const problems = [
    ...names.filter((name) => builtIn.includes(name)).map((name) => `the tool "${name}" is built in: rename yours`),
    ...[...new Set(twice)].map((name) => `the tool "${name}" is there twice: rename or remove one`),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
}
