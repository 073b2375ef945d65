/** `anyport batch`: submit, status and results. */
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Command } from 'commander';
import { planBatch } from '../batch.ts';
import { readBatchFile } from '../batch-file.ts';
import { toJsonLine } from '../../workflows/domain/printable.ts';
import { countOf } from '../count-of.ts';
import type { TaskClient } from '../task-client.ts';
import type { ConnectionFlags } from './connection-options.ts';
import { addConnectionOptions, withTaskClient } from './connection-options.ts';
import { parseCount } from './parse-count.ts';
import { note, print, printJson } from './terminal.ts';
import { UsageError } from './usage-error.ts';

interface SubmitFlags extends ConnectionFlags {
  readonly window?: number;
  readonly json?: true;
}

interface StatusFlags extends ConnectionFlags {
  readonly json?: true;
}

interface ResultsFlags extends ConnectionFlags {
  readonly file?: string;
  readonly output?: string;
}

/** More on a terminal would hide what matters; all are in the batch's status. */
const SHOWN_BAD_LINES = 20;
/** Storing 2,000 lines takes a running worker about a second. */
const STORING_TIMEOUT_MS = 10_000;

export function addBatchCommand(program: Command): void {
  const batch = program.command('batch').description('Many tasks from a JSONL file: {"prompt":"…","model":"…"} per line.');
  addConnectionOptions(
    batch
      .command('submit')
      .description('run every line as a task; the same file again is the same batch')
      .argument('<file>', 'JSONL; a line may name itself by "id"')
      .option('--window <n>', 'how many run at once (10)', parseCount)
      .option('--json', 'the submission as one JSON line'),
  ).action((file: string, flags: SubmitFlags) => withTaskClient(flags, (client) => submit(client, file, flags)));
  addConnectionOptions(
    batch.command('status').description('how far a batch is').argument('<batch-id>').option('--json', 'as one JSON line'),
  ).action((batchId: string, flags: StatusFlags) =>
    withTaskClient(flags, (client) => status(client, batchId, flags.json === true)),
  );
  addConnectionOptions(
    batch
      .command('results')
      .description('one JSON line per line of the file, in its order; unfinished ones say so')
      .argument('<batch-id>')
      .option('--file <file>', 'the file that was submitted: adds each line\'s own "id"')
      .option('--output <file>', 'write them here instead of to standard output'),
  ).action((batchId: string, flags: ResultsFlags) => withTaskClient(flags, (client) => results(client, batchId, flags)));
}

async function submit(client: TaskClient, file: string, { window, json }: SubmitFlags): Promise<void> {
  const unanswered = setTimeout(
    () => note('no line has been stored yet: does a worker run? ("npm start", or "anyport worker"); waiting for it', 'yellow'),
    STORING_TIMEOUT_MS,
  );
  const submission = await client
    .submitBatch(file, {
      ...(window === undefined ? {} : { window }),
      onProgress: ({ stored, total }) => {
        clearTimeout(unanswered);
        if (process.stderr.isTTY && json !== true) note(`stored ${stored} of ${total} lines`);
      },
    })
    .finally(() => clearTimeout(unanswered));
  const { batchId, total, badLines, badLineCount, alreadySubmitted } = submission;
  for (const { line, problem } of badLines.slice(0, SHOWN_BAD_LINES)) note(`line ${line}: ${problem}`, 'yellow');
  if (badLineCount > 0)
    note(`${badLineCount} line${badLineCount === 1 ? ' is no task' : 's are no tasks'}; the others run`, 'yellow');
  if (json === true) {
    printJson(submission);
    return;
  }
  print(
    `batch ${batchId}: ${countOf(total, 'task')}${alreadySubmitted ? ', submitted before: nothing new was started' : ''}`,
    'bold',
  );
  print(`anyport batch status ${batchId} · anyport batch results ${batchId}`);
}

async function status(client: TaskClient, batchId: string, json: boolean): Promise<void> {
  const found = await client.batchStatus(batchId);
  if (json) {
    printJson(found);
    return;
  }
  const { total, started, completed, failed, cancelled, running, window, badLines, badLineCount } = found;
  print(`batch ${batchId}: ${completed + failed + cancelled} of ${countOf(total, 'task')} ended`, 'bold');
  print(
    `completed ${completed} · failed ${failed} · cancelled ${cancelled} · running ${running.length} (window ${window}) · to start ${total - started}`,
  );
  if (badLineCount > 0) print(`lines that are no tasks: ${badLineCount}`);
  for (const { line, problem } of badLines.slice(0, SHOWN_BAD_LINES)) print(`  line ${line}: ${problem}`);
}

async function results(client: TaskClient, batchId: string, { file, output }: ResultsFlags): Promise<void> {
  if (file !== undefined && (await planBatch(file)).batchId !== batchId) {
    throw new UsageError(`the file ${file} is not that of batch ${batchId}: it was changed, or belongs to another`);
  }
  const ids = file === undefined ? new Map<number, string>() : await readBatchIds(file);
  const target: Writable = output === undefined ? process.stdout : createWriteStream(output);
  let unfinished = 0;
  for await (const { line, ...result } of client.batchResults(batchId)) {
    if (result.state === 'running' || result.state === 'not-started') unfinished += 1;
    const id = ids.get(line);
    const room = target.write(`${toJsonLine({ line, ...(id === undefined ? {} : { id }), ...result })}\n`);
    if (!room) await new Promise((resolve) => target.once('drain', resolve));
  }
  if (target !== process.stdout) {
    target.end();
    await finished(target);
  }
  if (unfinished > 0) note(`not ended yet: ${countOf(unfinished, 'task')}`, 'yellow');
}

/** The names that lines gave themselves stay with the caller, who has the file. */
async function readBatchIds(file: string): Promise<ReadonlyMap<number, string>> {
  const ids = new Map<number, string>();
  for await (const line of readBatchFile(file)) {
    if (line.kind === 'task' && line.id !== null) ids.set(line.line, line.id);
  }
  return ids;
}
