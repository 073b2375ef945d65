/** A connection to a server by the official client, over either transport. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { describeProblem } from './call-problem.ts';
import { GuardedStdioTransport } from './guarded-stdio-transport.ts';
import type { MachineCredentials } from './machine-credentials.ts';
import type { McpServerSettings } from './mcp-server-settings.ts';
import { McpServerError } from './mcp-server-settings.ts';
import { WatchedHttpTransport } from './watched-http-transport.ts';

export interface ConnectOptions {
  readonly settings: McpServerSettings;
  /** Of a server that wants tokens; the same for all connections to it. */
  readonly credentials?: MachineCredentials | undefined;
  readonly onListChanged: () => void;
  readonly onClose: () => void;
  /** A line of its standard error. */
  readonly onStderr: (line: string) => void;
}

/** As a server is told; it is nothing that a server may rely on. */
const OURSELVES = { name: 'anyport', version: '0.1.0' };

/** @throws McpServerError in words that are ours */
export async function connectServer(options: ConnectOptions): Promise<Client> {
  const { settings, onListChanged, onClose } = options;
  const transport = transportOf(options);
  // Nothing of ours is offered to servers: neither models, nor files, nor people to ask.
  const client = new Client(OURSELVES, { capabilities: {} });
  client.setNotificationHandler(ToolListChangedNotificationSchema, onListChanged);
  try {
    await client.connect(transport, { timeout: settings.startMs });
  } catch (error) {
    const ended = transport instanceof GuardedStdioTransport ? transport.ended : undefined;
    await transport.close().catch(() => undefined);
    throw new McpServerError(ended ?? describeProblem(error), { cause: error });
  }
  client.onclose = onClose;
  return client;
}

function transportOf({ settings, credentials, onStderr }: ConnectOptions): GuardedStdioTransport | WatchedHttpTransport {
  const { address } = settings;
  if (address.kind === 'http') {
    return new WatchedHttpTransport({ url: address.url, token: address.readToken?.(), credentials });
  }
  const { command, args, workingDirectory } = address;
  return new GuardedStdioTransport({ command, args, workingDirectory, environment: address.readEnvironment(), onStderr });
}
