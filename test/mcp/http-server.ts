/** An MCP server over streamable HTTP, by the official server of the SDK, that may lose its sessions, refuse credentials or break off. */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { CallToolRequestSchema, isInitializeRequest, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Exchange, Protection } from './protection.ts';
import { isKept } from './protection.ts';

export interface HttpMcpServer {
  readonly url: string;
  readonly calls: string[];
  readonly authorizations: (string | undefined)[];
  readonly sessions: Map<string, StreamableHTTPServerTransport>;
  /** Answers in its place, when it says so. */
  intercept: ((body: unknown, response: ServerResponse) => boolean) | undefined;
  token: string | undefined;
  /** It wants tokens, and says in its metadata (RFC 9728) whose. */
  protection: Protection | undefined;
  tools: string[];
  tellThatToolsChanged(): Promise<void>;
  close(): Promise<void>;
}

export async function startHttpMcpServer(): Promise<HttpMcpServer> {
  const servers = new Set<Server>();
  const http = createServer((request, response) => {
    handle(scene, servers, { request, response }).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
  const { port } = http.address() as AddressInfo;
  const scene: HttpMcpServer = {
    ...{ url: `http://127.0.0.1:${port}/mcp`, calls: [], authorizations: [], sessions: new Map() },
    ...{ intercept: undefined, token: undefined, protection: undefined, tools: ['echo', 'add'] },
    async tellThatToolsChanged() {
      await Promise.all([...servers].map((server) => server.sendToolListChanged()));
    },
    async close() {
      http.closeAllConnections();
      await new Promise((done) => http.close(done));
    },
  };
  return scene;
}

async function handle(scene: HttpMcpServer, servers: Set<Server>, { request, response }: Exchange): Promise<void> {
  const { authorization } = request.headers;
  scene.authorizations.push(authorization);
  if (scene.token !== undefined && authorization !== `Bearer ${scene.token}`) return void response.writeHead(401).end();
  if (scene.protection !== undefined && isKept(scene.protection, scene.url, { request, response })) return;
  const body = request.method === 'POST' ? await json(request) : undefined;
  if (scene.intercept?.(body, response) === true) return;
  const session = request.headers['mcp-session-id'];
  let transport = typeof session === 'string' ? scene.sessions.get(session) : undefined;
  if (transport === undefined && isInitializeRequest(body)) transport = await open(scene, servers);
  if (transport === undefined) return void response.writeHead(404).end();
  await transport.handleRequest(request, response, body);
}

async function open(scene: HttpMcpServer, servers: Set<Server>): Promise<StreamableHTTPServerTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    onsessioninitialized: (id) => void scene.sessions.set(id, transport),
  });
  const server = new Server({ name: 'documents', version: '1' }, { capabilities: { tools: { listChanged: true } } });
  servers.add(server);
  server.setRequestHandler(ListToolsRequestSchema, async () => ({
    tools: scene.tools.map((name) => ({ name, inputSchema: { type: 'object' } })),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }): Promise<CallToolResult> => {
    scene.calls.push(params.name);
    return { content: [{ type: 'text', text: JSON.stringify(params.arguments) }] };
  });
  // The compiler cannot tell that a getter of "string | undefined" is what an optional property means.
  await server.connect(transport as Parameters<Server['connect']>[0]);
  return transport;
}
