import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchFileLine } from '../../client/batch-file.ts';
import { LONGEST_LINE_BYTES, readBatchFile } from '../../client/batch-file.ts';
import { planBatch } from '../../client/batch.ts';

const TASK = '{"prompt":"one","model":"gpt-6.1-sol"}';
const request = { prompt: 'one', model: 'gpt-6.1-sol' };

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'anyport-batch-file-'));
});

afterAll(() => rm(directory, { recursive: true }));

describe('readBatchFile', () => {
  it('reads lines with a byte order mark, carriage returns, blank ones, and no last line feed', async () => {
    expect(await read(`\uFEFF${TASK}\r\n\r\n  \n${TASK}`)).toEqual([
      { kind: 'task', line: 1, id: null, request },
      { kind: 'task', line: 4, id: null, request },
    ]);
  });

  it('takes the name that a line gives itself', async () => {
    expect(await read('{"id":"mine","prompt":"one","model":"gpt-6.1-sol"}')).toEqual([
      { kind: 'task', line: 1, id: 'mine', request },
    ]);
  });

  it.each([
    ['no JSON', '{"prompt":', 'is not JSON'],
    ['no object', '[1]', 'a task request is an object'],
    ['a wrong field', '{"prompt":"x","model":"m","temperature":1}', 'unknown field "temperature"'],
    ['several mistakes', '{"prompt":"","model":7}', '; model is 7: '],
    ['a wrong id', '{"id":7,"prompt":"x","model":"m"}', 'id is a text of 1 to 200 characters'],
    ['a line that is no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'is not UTF-8 text'],
    ['a line too long to store', `{"prompt":"${'x'.repeat(LONGEST_LINE_BYTES)}"}`, 'is longer than'],
  ])('reports %s and goes on', async (_, bad, problem) => {
    const lines = await read(Buffer.concat([Buffer.from(bad), Buffer.from(`\n${TASK}\n`)]));

    expect(lines).toMatchObject([
      { kind: 'bad', line: 1, problem: expect.stringContaining(problem) },
      { kind: 'task', line: 2 },
    ]);
  });

  it('hashes every byte it read', async () => {
    const hash = createHash('sha256');
    const content = `${TASK}\nbad\n${TASK}`;

    await read(content, hash);

    expect(hash.digest('hex')).toBe(createHash('sha256').update(content).digest('hex'));
  });

  it('says that there is no such file, or that it is a folder', async () => {
    await expect(readAll(join(directory, 'missing'))).rejects.toThrow('missing does not exist');
    await expect(readAll(directory)).rejects.toThrow('is a folder');
  });
});

describe('planBatch', () => {
  it('refuses an empty file and one without any task', async () => {
    await expect(planBatch(await aFile(''))).rejects.toThrow('is empty');
    await expect(planBatch(await aFile('\nnope\n'))).rejects.toThrow('line 2: is not JSON');
  });

  it('reads 100,000 lines as one range', async () => {
    const plan = await planBatch(await aFile(`${TASK}\n`.repeat(100_000)));

    expect(plan.lines).toEqual([{ first: 1, last: 100_000 }]);
  });

  it('keeps the numbers of the lines that are tasks and counts the others', async () => {
    const plan = await planBatch(await aFile([TASK, TASK, 'bad', TASK].join('\n')));

    expect(plan).toMatchObject({
      lines: [
        { first: 1, last: 2 },
        { first: 4, last: 4 },
      ],
      badLineCount: 1,
      badLines: [{ line: 3 }],
    });
  });
});

let files = 0;

async function aFile(content: string | Buffer): Promise<string> {
  files += 1;
  const path = join(directory, `${files}.jsonl`);
  await writeFile(path, content);
  return path;
}

async function read(content: string | Buffer, hash?: ReturnType<typeof createHash>): Promise<BatchFileLine[]> {
  return readAll(await aFile(content), hash);
}

async function readAll(path: string, hash?: ReturnType<typeof createHash>): Promise<BatchFileLine[]> {
  const lines: BatchFileLine[] = [];
  for await (const line of readBatchFile(path, hash)) lines.push(line);
  return lines;
}
