import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';

const SCRIPT = [{ when: { inputContains: 'line' }, turns: [{ text: 'Answered.' }] }];

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT, endpoints: ['openai'] });
});
afterAll(() => cluster.stop());

describe('a batch', () => {
  test('runs every line as a task, reports the bad ones by number, and is one batch however often it is submitted', async () => {
    const lines = Array.from({ length: 30 }, (_, index) => JSON.stringify({ prompt: `line ${index + 1}`, model: MODEL }));
    lines[6] = '{ "prompt": ';
    lines[11] = JSON.stringify({ prompt: 'line 12', model: 'gpt-none' });
    const file = join(cluster.directory, 'tasks.jsonl');
    writeFileSync(file, `${lines.join('\n')}\n`);

    const first = await cluster.tasks.submitBatch(file, { window: 4 });
    const second = await cluster.tasks.submitBatch(file, { window: 4 });
    const status = await eventually('all lines have ended', async () => {
      const now = await cluster.tasks.batchStatus(first.batchId);
      return now.completed + now.failed + now.cancelled === now.total ? now : undefined;
    });

    expect(second.batchId).toBe(first.batchId);
    expect(status).toMatchObject({ total: 29, completed: 28, failed: 1, badLineCount: 1 });
    expect(status.badLines[0]?.line).toBe(7);
    expect((await cluster.ledger('openai')).filter(({ method }) => method === 'POST')).toHaveLength(28);
    const results: number[] = [];
    for await (const { line } of cluster.tasks.batchResults(first.batchId)) results.push(line);
    expect(results).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  });
});
