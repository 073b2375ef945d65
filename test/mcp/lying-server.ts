/** A program that speaks the protocol badly: `node lying-server.ts HOW FOLDER`. Without any SDK, since none would let it. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

interface Request {
  readonly id?: number;
  readonly method: string;
}

const [how = '', folder = '.'] = process.argv.slice(2);
const write = (message: unknown): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
const tool = (name: string, more: object = {}) => ({ name, inputSchema: { type: 'object' }, ...more });

appendFileSync(join(folder, 'starts'), '.');

const greeting = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'liar', version: '1' } };
const GREETINGS: Readonly<Record<string, unknown>> = {
  'another-time': { ...greeting, protocolVersion: '1999-01-01' },
  'no-greeting': { hello: true },
  'no-tools': { ...greeting, capabilities: {} },
};
const LISTS: Readonly<Record<string, unknown>> = {
  'no-list': { tools: 'all of them' },
  'long-names': { tools: [tool('x'.repeat(10_000_000)), tool('good')] },
  'bad-schemas': {
    tools: [tool('a', { inputSchema: { type: 'object', properties: 7 } }), tool('b', { outputSchema: 7 }), 7, tool('good')],
  },
  circle: { tools: [tool('good')], nextCursor: 'again' },
  many: { tools: Array.from({ length: 5_000 }, (_, index) => tool(`t${index}`)) },
};
const RESULTS: Readonly<Record<string, unknown>> = {
  'no-result': 7,
  'no-content': { content: { text: 'no list' } },
};

function answer({ id, method }: Request): void {
  if (id === undefined) return;
  if (method === 'initialize') return write({ jsonrpc: '2.0', id, result: GREETINGS[how] ?? greeting });
  if (method === 'tools/list') {
    if (how === 'no-end') return void process.stdout.write('x'.repeat(20 * 1024 * 1024));
    return write({ jsonrpc: '2.0', id, result: LISTS[how] ?? { tools: [tool('good')] } });
  }
  if (how === 'silent') return;
  if (how === 'asks') write({ jsonrpc: '2.0', id: 1, method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } });
  const result = RESULTS[how] ?? { content: [{ type: 'text', text: 'well' }] };
  write({ jsonrpc: '2.0', id: how === 'wrong-ids' ? id + 1_000 : id, result });
  if (how === 'twice') write({ jsonrpc: '2.0', id, result: { content: [] } });
}

if (how === 'ends') process.exit(7);
if (how === 'chatters') process.stdout.write('Welcome!\n{"jsonrpc":"1.0"}\n\n[]\n');
createInterface({ input: process.stdin }).on('line', (line) => {
  if (how !== 'mute') answer(JSON.parse(line) as Request); // Ours alone is spoken to.
});
