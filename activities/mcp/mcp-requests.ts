/** What is asked of a server. Raw requests: the official client's own methods trust a server's schemas, see `read-tool-list.ts`. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { z } from 'zod';
import type { McpServerSettings } from './mcp-server-settings.ts';
import type { ToolList } from './read-tool-list.ts';
import { readToolList } from './read-tool-list.ts';

export interface McpCall {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
}

/** Of tools in all; a server without an end has more. */
const MOST_PAGES = 50;
const MOST_LISTED = 2_000;
/** Reports of progress make a call last, but not longer than the activity that runs it, which is given up after two hours. */
const LONGEST_CALL_MS = 110 * 60_000;
/** Among the keys of the protocol, with a domain before it as it asks for. */
const IDEMPOTENCY_KEY = 'anyport.dev/idempotencyKey';

const PageSchema = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.string().min(1).nullish() });
const ResultSchema = z.looseObject({});

/** All pages of it. */
export async function requestTools(client: Client, { startMs }: McpServerSettings): Promise<ToolList> {
  if (client.getServerCapabilities()?.tools === undefined) return { tools: [], leftOut: [] };
  const listed: unknown[] = [];
  const cursors = new Set<string>();
  const options = { signal: AbortSignal.timeout(startMs), timeout: startMs };
  let cursor: string | undefined;
  do {
    const params = cursor === undefined ? {} : { cursor };
    const page = await client.request({ method: 'tools/list', params }, PageSchema, options);
    listed.push(...page.tools.slice(0, MOST_LISTED));
    cursor = page.nextCursor ?? undefined;
    // One that comes again would lead in a circle.
    if (cursor !== undefined && cursors.has(cursor)) break;
    if (cursor !== undefined) cursors.add(cursor);
  } while (cursor !== undefined && cursors.size < MOST_PAGES && listed.length < MOST_LISTED);
  return readToolList(listed.slice(0, MOST_LISTED));
}

/** Under a signal of its own: the client would tell the server of an abort long after the call, too. */
export async function requestCall(client: Client, { callMs }: McpServerSettings, call: McpCall): Promise<unknown> {
  const { tool, args, idempotencyKey, signal } = call;
  const stop = new AbortController();
  const abort = (): void => stop.abort('cancelled');
  signal.throwIfAborted();
  signal.addEventListener('abort', abort, { once: true });
  try {
    const params = { name: tool, arguments: args, _meta: { [IDEMPOTENCY_KEY]: idempotencyKey } };
    return await client.request({ method: 'tools/call', params }, ResultSchema, {
      signal: stop.signal,
      timeout: callMs,
      resetTimeoutOnProgress: true,
      maxTotalTimeout: LONGEST_CALL_MS,
      // Asks for reports.
      onprogress: () => undefined,
    });
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
