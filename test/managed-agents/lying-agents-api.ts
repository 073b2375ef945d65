/** A service that speaks the Agents API and says what a test has it say, true or not. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { createOpenAIAgentsClient } from '../../activities/managed-agents/openai-agents/client.ts';

type WireObject = Readonly<Record<string, unknown>>;

/** What it answers; a test changes it as it goes. */
export interface Lies {
  session: WireObject;
  readonly items: WireObject[];
  /** Called with each input, before it is accepted. */
  onInput(): void;
  /** Instead of a session: where to look for it. */
  redirect?: string;
}

const LIMITS = { firstEventMs: 5_000, idleMs: 5_000, cancelMs: 5_000, pollMs: 20 };

/** Starts it for one test. `tell` sends an event to whoever listens. */
export async function aLyingService(begin: Partial<Lies>) {
  const lies: Lies = { session: { id: 'sess_1', status: 'idle' }, items: [], onInput: () => undefined, ...begin };
  const listeners = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(lies, listeners, { request, response }));
  });
  const port = await listening(server);
  const client = createOpenAIAgentsClient({ baseUrl: `http://127.0.0.1:${port}/v1`, apiKey: 'sk-test' }, LIMITS);
  const tell = (type: string, fields: WireObject = {}): void => {
    for (const listener of listeners) listener.write(`data: ${JSON.stringify({ type, ...fields })}\n\n`);
  };
  return { client, lies, tell };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port; // it listens on TCP
}

function answer(
  lies: Lies,
  listeners: Set<ServerResponse>,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): void {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://127.0.0.1');
  const json = (body: object): void => void response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  if (pathname.endsWith('/events') && request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    listeners.add(response);
  } else if (pathname.endsWith('/events')) {
    lies.onInput();
    response.writeHead(202).end();
  } else if (pathname.endsWith('/items')) {
    const after = lies.items.findIndex(({ id }) => id === searchParams.get('after'));
    json({ data: lies.items.slice(after + 1), has_more: false });
  } else if (pathname.endsWith('/turns')) json({ data: [] });
  else if (lies.redirect !== undefined) response.writeHead(302, { location: lies.redirect }).end();
  else json(lies.session);
}
