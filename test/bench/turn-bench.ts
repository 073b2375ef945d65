/** `npm run bench -- turns`: our task beside a minimal Temporal workflow, interleaved in one run, as ratios. Goals are not asserted. */
import Table from 'cli-table3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { taskWorkflowId, toTaskId } from '../../workflows/domain/ids.ts';
import { MODEL } from '../support/builders.ts';
import type { Length } from './conversation.ts';
import { promptOf } from './conversation.ts';
import { historyBytes, turnTimes } from './read-history.ts';
import type { RivalInput } from './rival-workflow.ts';
import { startBench } from './start-bench.ts';
import { fitLine, quantile } from './statistics.ts';

/** Rounds of every variant, one after the other, so that a busy moment hits all of them. The first round warms up. */
const ROUNDS = 6;
const ROUND_TURNS = 40;
const HISTORY_LENGTHS = [10, 100, 500] as const;
/** What one input or result of ours comes to: ids, counts and an excerpt. */
const PAYLOAD = 'x'.repeat(150);

const directory = mkdtempSync(join(tmpdir(), 'anyport-bench-'));
const bench = await startBench(directory);
const { client, tasks } = bench;
try {
  await printTimes();
  await printHistory();
} finally {
  await bench.stop();
  rmSync(directory, { recursive: true });
}

async function printTimes(): Promise<void> {
  const ours: number[] = [];
  const empty: number[] = [];
  const sameCall: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    console.error(`round ${round + 1} of ${ROUNDS} …`);
    const own = await runTask(ROUND_TURNS);
    const measured = [
      [ours, await turnTimes(client, own.workflowId, 'invokeModel')],
      [empty, await runRival('empty')],
      [sameCall, await runRival('same-call')],
    ] as const;
    if (round > 0) for (const [into, times] of measured) into.push(...times);
  }
  const table = new Table({ head: ['time per turn', 'p50 ms', 'p95 ms', 'our p50 is', 'our p95 is'] });
  const rows = {
    Anyport: ours,
    'minimal workflow, empty activities': empty,
    'minimal workflow, same model call and read': sameCall,
  };
  for (const [name, times] of Object.entries(rows)) {
    const [p50, p95] = [quantile(times, 0.5), quantile(times, 0.95)];
    const ratio = (own: number, other: number): string => `${(own / other).toFixed(2)}x`;
    table.push([name, p50.toFixed(1), p95.toFixed(1), ratio(quantile(ours, 0.5), p50), ratio(quantile(ours, 0.95), p95)]);
  }
  console.log(table.toString());
  console.log(`${ours.length} turns of each, interleaved; goal: at most 1.2x p50 and 1.5x p95 of a minimal workflow\n`);
}

async function printHistory(): Promise<void> {
  const table = new Table({ head: ['turns', 'history bytes, all runs', 'bytes per turn', 'requests sent', 'per turn'] });
  const points: { x: number; y: number }[] = [];
  for (const turns of HISTORY_LENGTHS) {
    console.error(`a task of ${turns} turns …`);
    const before = await bench.countRequests();
    const { workflowId, runId } = await runTask(turns);
    const requests = (await bench.countRequests()) - before;
    const bytes = await historyBytes(client, workflowId, runId);
    points.push({ x: turns, y: bytes });
    table.push([turns, bytes, (bytes / turns).toFixed(0), requests, (requests / turns).toFixed(2)]);
  }
  const { slope, intercept, rSquared } = fitLine(points);
  console.log(table.toString());
  console.log(
    `fit: ${slope.toFixed(0)} bytes per turn + ${intercept.toFixed(0)}, R² ${rSquared.toFixed(5)}; goal: at most 2,500, R² > 0.999`,
  );
}

async function runTask(turns: Length): Promise<{ workflowId: string; runId: string }> {
  const { taskId } = await tasks.start({ prompt: promptOf(turns), model: MODEL, workspace: bench.repository, maxTurns: turns });
  const workflowId = taskWorkflowId(toTaskId(taskId));
  const { runId } = await client.workflow.getHandle(workflowId).describe();
  const result = await tasks.result(taskId);
  if (result.state !== 'completed' || result.turns !== turns) {
    throw new Error(`the task should take ${turns} turns; it ${result.state} after ${result.turns}: ${result.reason ?? ''}`);
  }
  return { workflowId, runId };
}

async function runRival(work: RivalInput['work']): Promise<readonly number[]> {
  const workflowId = `rival/${work}/${crypto.randomUUID()}`;
  const input: RivalInput = { turns: ROUND_TURNS, input: PAYLOAD, work };
  await client.workflow.execute('minimalLoop', { workflowId, taskQueue: 'rival', args: [input] });
  return turnTimes(client, workflowId, 'callModel');
}
