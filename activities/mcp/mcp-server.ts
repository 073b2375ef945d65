/** One server on this worker: started when it is first needed and again after it was lost, asked for its tools now and then, called. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { toPrintable } from '../../workflows/domain/tool-call.ts';
import type { CallProblem } from './call-problem.ts';
import { describeProblem, toCallProblem } from './call-problem.ts';
import { connectServer } from './connect-server.ts';
import { MachineCredentials } from './machine-credentials.ts';
import type { McpCall } from './mcp-requests.ts';
import { requestCall, requestTools } from './mcp-requests.ts';
import type { McpServerSettings } from './mcp-server-settings.ts';
import { McpServerError } from './mcp-server-settings.ts';
import type { ToolList } from './read-tool-list.ts';

export type McpCallEnd = { readonly kind: 'answered'; readonly result: unknown } | CallProblem;

/** Servers that cannot tell of a change are asked again after this. */
const LIST_FRESH_MS = 60_000;
/** A server that cannot be started is not tried at every call. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** Of what a server writes to its standard error, for each of its starts; and of each line. */
const MOST_LINES = 100;
const LINE_CHARACTERS = 500;

interface Connection {
  readonly client: Client;
  calls: number;
  /** It is used no more, and closed with the last call. */
  isStale: boolean;
}

export class McpServer {
  readonly settings: McpServerSettings;
  readonly #alert: (message: string) => void;
  readonly #credentials: MachineCredentials | undefined;
  #opening: Promise<Connection> | undefined;
  #failures: { readonly count: number; readonly untilMs: number; readonly error: unknown } | undefined;
  #listed: { readonly tools: Promise<ToolList>; readonly atMs: number } | undefined;
  #known: ToolList | undefined;
  #isClosed = false;

  /** `alert` is for the operator. */
  constructor(settings: McpServerSettings, alert: (message: string) => void) {
    this.settings = settings;
    this.#alert = alert;
    const { address } = settings;
    const oauth = address.kind === 'http' ? address.oauth : undefined;
    if (address.kind === 'http' && oauth !== undefined) this.#credentials = new MachineCredentials(address.url, oauth);
  }

  /** The last ones known while it cannot be asked. @throws McpServerError when none are known */
  async listTools(): Promise<ToolList> {
    if (this.#listed === undefined || Date.now() - this.#listed.atMs > LIST_FRESH_MS) {
      this.#listed = { tools: this.#askForTools(), atMs: Date.now() };
    }
    const asked = this.#listed;
    try {
      this.#known = await asked.tools;
      return this.#known;
    } catch (error) {
      if (this.#listed === asked) this.#listed = undefined;
      const reason = reasonOf(error);
      if (this.#known === undefined) throw new McpServerError(reason, { cause: error });
      this.#alert(`MCP server ${this.settings.name}: ${reason}; its tools are offered as they were last known`);
      return this.#known;
    }
  }

  /** @throws whatever the signal was aborted with */
  async call(call: McpCall): Promise<McpCallEnd> {
    const first = await this.#callOnce(call);
    // Not run: with a new session, or a credential that is read anew, it may be.
    return first.kind === 'stale' ? this.#callOnce(call) : first;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const connection = await this.#opening?.catch(() => undefined);
    await connection?.client.close().catch(() => undefined);
  }

  async #askForTools(): Promise<ToolList> {
    const { client } = await this.#connected();
    return requestTools(client, this.settings);
  }

  async #callOnce(call: McpCall): Promise<McpCallEnd> {
    let connection: Connection;
    try {
      connection = await this.#connected();
    } catch (error) {
      return { kind: 'not-sent', reason: reasonOf(error) };
    }
    connection.calls += 1;
    try {
      return { kind: 'answered', result: await requestCall(connection.client, this.settings, call) };
    } catch (error) {
      call.signal.throwIfAborted();
      const problem = toCallProblem(error);
      if (problem.kind === 'stale') this.#retire(connection);
      return problem;
    } finally {
      connection.calls -= 1;
      if (connection.isStale && connection.calls === 0) await connection.client.close().catch(() => undefined);
    }
  }

  async #connected(): Promise<Connection> {
    if (this.#isClosed) throw new McpServerError('this worker stops');
    const failures = this.#failures;
    if (this.#opening === undefined && failures !== undefined && Date.now() < failures.untilMs) throw failures.error;
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<Connection> {
    let opened: Connection | undefined;
    try {
      const client = await connectServer({
        settings: this.settings,
        credentials: this.#credentials,
        onListChanged: () => (this.#listed = undefined),
        onClose: () => opened !== undefined && this.#retire(opened),
        onStderr: limited((line) => this.#alert(`MCP server ${this.settings.name}: ${toPrintable(line, LINE_CHARACTERS)}`)),
      });
      opened = { client, calls: 0, isStale: false };
      this.#failures = undefined;
      return opened;
    } catch (error) {
      const count = (this.#failures?.count ?? 0) + 1;
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (count - 1), LONGEST_PAUSE_MS);
      this.#failures = { count, untilMs: Date.now() + pauseMs, error };
      this.#forget();
      throw error;
    }
  }

  /** Calls that still run on it come to their end; the next one has a new connection. */
  #retire(connection: Connection): void {
    if (connection.isStale) return;
    connection.isStale = true;
    this.#forget();
  }

  #forget(): void {
    this.#opening = undefined;
    this.#listed = undefined;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof McpServerError ? error.message : describeProblem(error);
}

function limited(say: (line: string) => void): (line: string) => void {
  let left = MOST_LINES;
  return (line) => {
    if (left > 0) say(left === 1 ? `${line} (more of it is not shown)` : line);
    left -= 1;
  };
}
