/** Whether the user's own tools and the MCP servers can be had: modules are loaded, servers started and asked for their tools. Nothing is called. */
import { McpServer } from '../../activities/mcp/mcp-server.ts';
import { isAllowed } from '../../activities/mcp/mcp-tools.ts';
import type { AnyportConfig, McpServerConfig } from '../anyport-config.ts';
import { messageOf } from '../describe-problem.ts';
import { loadTools } from '../load-tools.ts';
import type { Environment } from '../read-secret.ts';
import { toServerSettings } from '../to-mcp-servers.ts';
import type { Check } from './check.ts';

/** Of many the first ones show enough. */
const SHOWN = 8;

export async function checkTools({ tools, mcpServers }: AnyportConfig, environment: Environment): Promise<readonly Check[]> {
  const own = tools.length === 0 ? [] : [checkOwnTools(tools)];
  return Promise.all([...own, ...mcpServers.map((server) => checkServer(server, environment))]);
}

async function checkOwnTools(modules: AnyportConfig['tools']): Promise<Check> {
  const check = 'tools';
  try {
    const names = (await loadTools(modules)).map(({ definition }) => definition.name);
    return { check, state: 'ok', detail: listed(names) };
  } catch (error) {
    return { check, state: 'problem', detail: messageOf(error), remedy: 'correct the module, or remove it from tools' };
  }
}

/** A server that is away costs tasks its tools, unless they wait for it. */
async function checkServer(config: McpServerConfig, environment: Environment): Promise<Check> {
  const check = `MCP server ${config.name}`;
  const said: string[] = [];
  const server = new McpServer(toServerSettings(config, environment), (message) => said.push(message));
  try {
    const { tools, leftOut } = await server.listTools();
    const names = tools.map(({ name }) => name).filter((name) => isAllowed(config, name));
    const problems = [
      ...leftOut,
      ...idle(
        config,
        tools.map(({ name }) => name),
      ),
    ];
    if (problems.length === 0) return { check, state: 'ok', detail: listed(names) };
    const detail = `${listed(names)}; ${problems.join('; ')}`;
    return {
      check,
      state: 'note',
      detail,
      remedy: 'nothing, when these tools are not needed; else ask whoever makes the server',
    };
  } catch (error) {
    const last = said.at(-1);
    const detail = `${messageOf(error)}${last === undefined ? '' : ` (it says: ${last.slice(check.length + 2)})`}`;
    return { check, state: config.isRequired ? 'problem' : 'note', detail, remedy: remedyFor(config) };
  } finally {
    await server.close();
  }
}

/** Names that no tool of the server has are slips, or of another version of it. */
function idle({ allow = [], classes }: McpServerConfig, tools: readonly string[]): readonly string[] {
  const patterns = [...allow, ...classes.map(({ pattern }) => pattern)];
  const without = [...new Set(patterns)].filter(
    (pattern) => !tools.some((tool) => isAllowed({ allow: [pattern], deny: [] }, tool)),
  );
  return without.map((pattern) => `no tool is called "${pattern}"`);
}

function remedyFor({ address, isRequired }: McpServerConfig): string {
  const what =
    address.kind === 'stdio' ? 'try its command by hand' : 'check its url and auth, and whether this machine may reach it';
  return `${what}; ${isRequired ? 'no task is opened without it' : 'until then tasks are opened without its tools'}`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).join(', ');
  const more = names.length - SHOWN;
  const count = `${names.length} ${names.length === 1 ? 'tool' : 'tools'}`;
  return names.length === 0 ? 'no tools' : `${count}: ${shown}${more > 0 ? ` and ${more} more` : ''}`;
}
