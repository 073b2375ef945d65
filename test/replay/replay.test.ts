/** Every history recorded here was made by a workflow that ran: today's code must come to the same commands. No server is needed. */
import { Worker } from '@temporalio/worker';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { bundleWorkflows } from '../../workers/bundle-workflows.ts';

const HISTORIES = fileURLToPath(new URL('histories/', import.meta.url));
const names = readdirSync(HISTORIES).filter((name) => name.endsWith('.json'));

describe('a recorded history', () => {
  test('is there', () => expect(names.length).toBeGreaterThan(0));

  test.each(names)('%s replays to the same commands', async (name) => {
    const { workflowId, history } = JSON.parse(readFileSync(HISTORIES + name, 'utf8'));

    await Worker.runReplayHistory({ workflowBundle: await bundleWorkflows() }, history, workflowId);
  });
});
