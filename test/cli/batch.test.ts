import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BatchLineResult } from '../../client/index.ts';
import { TaskClient } from '../../client/index.ts';
import { jsonLines, runAnyport } from './support/run-anyport.ts';
import type { ScriptedWorker } from './support/scripted-worker.ts';
import { startScriptedWorker } from './support/scripted-worker.ts';

// Processes and a bundle of the workflows are started; on a busy machine that takes seconds.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

let worker: ScriptedWorker;
let client: TaskClient;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'anyport-batch-'));
  worker = await startScriptedWorker();
  client = await TaskClient.connect({ address: worker.address, environment: {} });
});

afterAll(async () => {
  await client.close();
  await worker.stop();
  await rm(directory, { recursive: true });
});

describe('a batch', () => {
  it('runs every line that is a task and reports the others with their numbers', async () => {
    const file = await aFile([task('one'), 'not json', task('refuse'), '', task('three')]);

    const submission = await client.submitBatch(file, { window: 2 });
    await ended(submission.batchId);

    expect(submission).toMatchObject({ total: 3, badLineCount: 1, alreadySubmitted: false });
    expect(submission.badLines).toEqual([{ line: 2, problem: expect.stringContaining('is not JSON') }]);
    const lines = await resultsOf(submission.batchId);
    expect(lines.map(({ line, state }) => [line, state])).toEqual([
      [1, 'completed'],
      [2, 'bad-line'],
      [3, 'failed'],
      [5, 'completed'],
    ]);
    expect(lines[3]).toMatchObject({ output: expect.stringContaining('answer to three') });
  });

  it('is one batch when the same file is submitted twice, under any name', async () => {
    const content = [task('once')];
    const first = await client.submitBatch(await aFile(content));
    await ended(first.batchId);

    const second = await client.submitBatch(await aFile(content));

    expect(second).toEqual({ ...first, alreadySubmitted: true });
  });

  it('says which lines have not ended', async () => {
    const submission = await client.submitBatch(await aFile([task('wait'), task('later')]), { window: 1 });

    await expect
      .poll(async () => (await resultsOf(submission.batchId)).map(({ state }) => state), { timeout: 10_000 })
      .toEqual(['running', 'not-started']);

    await client.cancel(`${submission.batchId}-1`);
    await ended(submission.batchId);
    expect((await resultsOf(submission.batchId)).map(({ state }) => state)).toEqual(['cancelled', 'completed']);
  });

  it('is submitted, watched and read by the command', async () => {
    const file = await aFile([JSON.stringify({ id: 'my-name', prompt: randomUUID(), model: 'gpt-6.1-sol' }), '{"prompt":7}']);
    const temporal = ['--temporal', worker.address];

    const submitted = await runAnyport(['batch', 'submit', file, '--json', ...temporal]);
    const { batchId } = jsonLines(submitted.stdout)[0] ?? {};
    await ended(String(batchId));
    const status = await runAnyport(['batch', 'status', String(batchId), '--json', ...temporal]);
    const results = await runAnyport(['batch', 'results', String(batchId), '--file', file, ...temporal]);

    expect(submitted.stderr).toContain('line 2: prompt is 7: write a text that says what to do');
    expect(jsonLines(status.stdout)[0]).toMatchObject({ total: 1, completed: 1, badLineCount: 1 });
    expect(jsonLines(results.stdout)).toMatchObject([
      { line: 1, id: 'my-name', state: 'completed' },
      { line: 2, state: 'bad-line' },
    ]);
    expect([submitted.code, status.code, results.code]).toEqual([0, 0, 0]);
  });

  it('says that there is no such batch', async () => {
    await expect(resultsOf('b-nothing')).rejects.toMatchObject({ problem: 'not-found' });
    await expect(client.batchStatus('b-nothing')).rejects.toMatchObject({ problem: 'not-found' });
  });
});

/** Its own in every run, since the server may know the batches of earlier ones. */
function task(prompt: string): string {
  return JSON.stringify({ prompt, model: 'gpt-6.1-sol', instructions: randomUUID() });
}

/** A file of its own content: a batch is its content. */
async function aFile(lines: readonly string[]): Promise<string> {
  const path = join(directory, `${randomUUID()}.jsonl`);
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}

async function ended(batchId: string): Promise<void> {
  await expect.poll(() => openLines(batchId), { timeout: 20_000 }).toBe(0);
}

async function openLines(batchId: string): Promise<number> {
  const { total, started, running } = await client.batchStatus(batchId);
  return total - started + running.length;
}

async function resultsOf(batchId: string): Promise<readonly BatchLineResult[]> {
  const lines: BatchLineResult[] = [];
  for await (const line of client.batchResults(batchId)) lines.push(line);
  return lines;
}
