/** The rival's worker process. Arguments: Temporal address, base URL of an emulated OpenAI, its key, a file to read. */
import { activityInfo } from '@temporalio/activity';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import type { ResponseInputItem } from 'openai/resources/responses/responses';
import { MODEL } from '../support/builders.ts';
import { PROMPT } from './conversation.ts';
import type { RivalActivities } from './rival-workflow.ts';

const [address = '', baseURL = '', apiKey = '', file = ''] = process.argv.slice(2);
const openai = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
/** What a program without a task store does: the conversation is in this process's memory, and dies with it. */
const conversations = new Map<string, ResponseInputItem[]>();

const activities: RivalActivities = {
  async callModel({ input, work }) {
    if (work === 'same-call') await continueConversation(activityInfo().workflowExecution?.workflowId ?? '');
    return { output: input };
  },
  async callTool({ input, work }) {
    if (work === 'same-call') await answerCalls(activityInfo().workflowExecution?.workflowId ?? '');
    return { output: input };
  },
};

async function continueConversation(id: string): Promise<void> {
  const items = conversations.get(id) ?? [{ role: 'user', content: PROMPT }];
  const stream = openai.responses.stream({ model: MODEL, input: items, store: false, tools: [READ_FILE] });
  const { output } = await stream.finalResponse();
  conversations.set(id, [...items, ...output.map((item) => item as ResponseInputItem)]); // an output item is a valid input item
}

async function answerCalls(id: string): Promise<void> {
  const items = conversations.get(id) ?? [];
  const call = items.at(-1);
  if (call === undefined || !('call_id' in call)) return;
  items.push({ type: 'function_call_output', call_id: call.call_id ?? '', output: await readFile(file, 'utf8') });
}

const READ_FILE = {
  type: 'function',
  name: 'read_file',
  description: 'Reads a file.',
  parameters: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'], additionalProperties: false },
  strict: false,
} as const;

Runtime.install({ logger: new DefaultLogger('ERROR') });
const connection = await NativeConnection.connect({ address });
const workflowBundle = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('rival-workflow.ts', import.meta.url)),
  logger: new DefaultLogger('ERROR'),
});
const worker = await Worker.create({ connection, workflowBundle, activities, taskQueue: 'rival' });
process.stdin.resume().once('close', () => process.exit(0));
const running = worker.run();
console.log(JSON.stringify({ ready: true }));
await running;
