/**
 * An MCP server as a process, by the official server of the SDK: `node stdio-server.ts FOLDER`. What it does twice or not at all can be read
 * off files in the folder.
 */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const [folder = '.', sleeper = '999'] = process.argv.slice(2);
const note = (file: string, line: string): void => appendFileSync(join(folder, file), `${line}\n`);
const NAMES = [
  'echo',
  'environment',
  'crash',
  'crash_once',
  'slow',
  'slow_once',
  'progress',
  'picture',
  'fail',
  'refuse',
  'grow',
  'leave',
  'huge',
];
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

note('starts', String(process.pid));
let more: readonly string[] = [];
const server = new Server({ name: 'trial', version: '1' }, { capabilities: { tools: { listChanged: true } } });

server.setRequestHandler(ListToolsRequestSchema, async ({ params }) => {
  note('lists', params?.cursor ?? 'first');
  const names = [...NAMES, ...more];
  const from = Number(params?.cursor ?? 0);
  const tools = names.slice(from, from + 8).map((name) => ({
    name,
    description: `Does ${name}.`,
    inputSchema:
      name === 'echo' ? { type: 'object' as const, properties: { text: { type: 'string' } } } : { type: 'object' as const },
    annotations: { readOnlyHint: true },
    ...(name === 'fail' ? { outputSchema: { type: 'object' as const, properties: { broken: { $ref: '#/nowhere' } } } } : {}),
  }));
  return { tools, ...(from + 8 < names.length ? { nextCursor: String(from + 8) } : {}) };
});

const text = (words: string) => ({ content: [{ type: 'text' as const, text: words }] });

interface Call {
  readonly args: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  report(step: number): Promise<void>;
}

const TOOLS: Readonly<Record<string, (call: Call) => CallToolResult | Promise<CallToolResult>>> = {
  echo: ({ args }) => text(String(args['text'])),
  environment: () => text(JSON.stringify(Object.keys(process.env).toSorted())),
  crash: () => process.exit(3),
  async crash_once() {
    if (existsSync(join(folder, 'crashed'))) return text('whole');
    note('crashed', '');
    process.kill(process.pid, 'SIGKILL');
    await pause(60_000);
    return text('killed');
  },
  async slow({ signal }) {
    signal.addEventListener('abort', () => note('cancelled', ''));
    await pause(60_000, undefined, { signal }).catch(() => undefined);
    return text('late');
  },
  async slow_once() {
    if (existsSync(join(folder, 'slowed'))) return text('whole');
    note('slowed', '');
    await pause(60_000);
    return text('late');
  },
  async progress({ report }) {
    for (let step = 1; step <= 6; step += 1) {
      await pause(100);
      await report(step);
    }
    return text('through');
  },
  picture: () => ({ content: [{ type: 'image', data: PNG, mimeType: 'image/png' }], structuredContent: { seen: true } }),
  fail: () => ({ ...text('there is no such thing'), isError: true }),
  async grow() {
    more = ['grown'];
    await server.sendToolListChanged();
    return text('grown');
  },
  leave() {
    spawn('sh', ['-c', `sleep ${sleeper}`], { detached: true, stdio: 'ignore' }).unref();
    return text('left');
  },
  huge: () => text('x'.repeat(20 * 1024 * 1024)),
};

server.setRequestHandler(CallToolRequestSchema, ({ params }, { signal, _meta, sendNotification }) => {
  const { name, arguments: args = {} } = params;
  note('calls', `${name} ${JSON.stringify(params._meta?.['anyport.dev/idempotencyKey'] ?? null)}`);
  const tool = TOOLS[name];
  if (tool === undefined) throw new Error('it will not');
  const report = async (progress: number): Promise<void> => {
    const progressToken = _meta?.progressToken;
    if (progressToken !== undefined)
      await sendNotification({ method: 'notifications/progress', params: { progressToken, progress } });
  };
  return tool({ args, signal, report });
});

process.stderr.write(`started with ${folder}\n`);
await server.connect(new StdioServerTransport());
