/** The tools of all configured MCP servers, for tasks: who is offered which, what each counts as, and what comes of a call. */
import type { ToolInput } from '../../workflows/domain/transcript.ts';
import type { AddedTool, AddedTools, CallContext, OfferedTool } from '../tools/added-tools.ts';
import { stricterClass } from '../tools/added-tools.ts';
import { readJson } from '../tools/read-arguments.ts';
import type { ToolReturn } from '../tools/tool.ts';
import { truncateOutput } from '../tools/truncate-output.ts';
import type { McpCallEnd, McpServer } from './mcp-server.ts';
import type { McpServerSettings } from './mcp-server-settings.ts';
import { McpServerError } from './mcp-server-settings.ts';
import { mcpToolName } from './mcp-tool-name.ts';
import type { ServerTool } from './read-tool-list.ts';
import { toToolReturn } from './to-tool-return.ts';

export interface McpToolsOptions {
  readonly servers: readonly McpServer[];
  /** For the operator. */
  readonly alert: (message: string) => void;
}

/** Of a server's own words about what is wrong with a call. */
const MAX_PROBLEM_TOKENS = 1_000;

export function createMcpTools({ servers, alert }: McpToolsOptions): AddedTools {
  const byName = new Map(servers.map((server) => [server.settings.name, server]));
  const said = new Set<string>();
  const sayOnce = (message: string): void => {
    if (said.has(message)) return;
    said.add(message);
    alert(message);
  };
  return {
    async offer(tenant) {
      const open = servers.filter(({ settings }) => isFor(settings, tenant));
      const offered = await Promise.all(open.map((server) => offerOf(server, { alert, sayOnce })));
      return offered.flat();
    },
    find(offered, tenant) {
      const { server: origin } = offered;
      const server = origin === undefined ? undefined : byName.get(origin.name);
      if (origin === undefined || server === undefined) return undefined;
      const { settings } = server;
      if (!isFor(settings, tenant) || !isAllowed(settings, origin.tool)) return undefined;
      const called = { server, tool: origin.tool, ...stricterClass(offered, classOf(settings, origin.tool)) };
      return { risk: called.risk, retryClass: called.retryClass, run: (input, context) => runCall(called, input, context) };
    },
  };
}

interface Sayings {
  readonly alert: (message: string) => void;
  readonly sayOnce: (message: string) => void;
}

/** A server that is away is one without tools, unless tasks are not to be opened without it. */
async function offerOf(server: McpServer, { alert, sayOnce }: Sayings): Promise<readonly OfferedTool[]> {
  const { settings } = server;
  try {
    const { tools, leftOut } = await server.listTools();
    for (const reason of leftOut) sayOnce(`MCP server ${settings.name}: tool left out: ${reason}`);
    return toOffered(settings, tools, sayOnce);
  } catch (error) {
    const message = `MCP server ${settings.name}: ${error instanceof Error ? error.message : String(error)}`;
    if (settings.isRequired) throw new McpServerError(message, { cause: error });
    alert(`${message}; tasks are opened without its tools`);
    return [];
  }
}

function toOffered(
  settings: McpServerSettings,
  tools: readonly ServerTool[],
  sayOnce: Sayings['sayOnce'],
): readonly OfferedTool[] {
  const offered = new Map<string, OfferedTool>();
  for (const { name: tool, description, parameters } of tools.filter(({ name }) => isAllowed(settings, name))) {
    const name = mcpToolName(settings.name, tool);
    if (offered.has(name)) {
      sayOnce(`MCP server ${settings.name}: tool left out: two come out as ${name}`);
      continue;
    }
    const definition = { name, description, form: { kind: 'function', parameters } } as const;
    offered.set(name, { definition, ...classOf(settings, tool), server: { name: settings.name, tool } });
  }
  return [...offered.values()];
}

function isFor({ tenants }: McpServerSettings, tenant: string): boolean {
  return tenants === undefined || tenants.includes(tenant);
}

/** What is denied is denied, whatever else is said of it. */
export function isAllowed({ allow, deny }: Pick<McpServerSettings, 'allow' | 'deny'>, tool: string): boolean {
  if (deny.some((pattern) => fits(pattern, tool))) return false;
  return allow === undefined || allow.some((pattern) => fits(pattern, tool));
}

/** Careful where nothing is said: what a server says of its own tools is not asked. */
function classOf({ classes }: McpServerSettings, tool: string): Pick<AddedTool, 'retryClass' | 'risk'> {
  const fitting = classes.filter(({ pattern }) => fits(pattern, tool));
  return {
    retryClass: fitting.find(({ retryClass }) => retryClass !== undefined)?.retryClass ?? 'external',
    risk: fitting.find(({ risk }) => risk !== undefined)?.risk ?? 'external',
  };
}

/** `*` is any text; without regular expressions, so that no name can make a pattern slow. */
function fits(pattern: string, tool: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return pattern === tool;
  if (!tool.startsWith(first) || !tool.endsWith(last) || tool.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of others) {
    const found = tool.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= tool.length - last.length;
}

interface Called extends Pick<AddedTool, 'retryClass' | 'risk'> {
  readonly server: McpServer;
  readonly tool: string;
}

async function runCall(called: Called, input: ToolInput, { idempotencyKey, signal }: CallContext): Promise<ToolReturn> {
  const { server, tool, retryClass } = called;
  const json = readJson(tool, input);
  if (json.kind === 'invalid') return { outcome: 'refused', output: json.problem };
  const { value } = json;
  if (!isObject(value)) return { outcome: 'refused', output: 'The arguments must be one JSON object.' };
  const call = { tool, args: value, idempotencyKey, signal };
  const first = await server.call(call);
  const end = first.kind === 'lost' && retryClass === 'read-only' ? await server.call(call) : first;
  return toReturn(called, end);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toReturn({ server, retryClass }: Called, end: McpCallEnd): ToolReturn {
  const { name } = server.settings;
  switch (end.kind) {
    case 'answered':
      return toToolReturn(end.result);
    case 'not-sent':
    case 'stale':
      return { outcome: 'refused', output: `Not run: the MCP server "${name}" cannot be used now: ${end.reason}.` };
    case 'said': {
      const words = truncateOutput(end.message.toWellFormed(), MAX_PROBLEM_TOKENS);
      return { outcome: 'failed', output: `The MCP server "${name}" answers with error ${end.code}: ${words}` };
    }
    case 'lost':
      return inTheMiddle(retryClass, `The MCP server "${name}" was lost while this call ran: ${end.reason}.`);
    case 'timed-out':
      return inTheMiddle(retryClass, `The MCP server "${name}" did not answer in time.`);
  }
}

function inTheMiddle(retryClass: AddedTool['retryClass'], what: string): ToolReturn {
  if (retryClass === 'read-only') return { outcome: 'failed', output: `${what} You may try again.` };
  const output = `${what} The call may have run in part or in full, and it was not run again. Find out what it did before you repeat it.`;
  return { outcome: 'unknown', output };
}
