/** The demo's course: lay out the repository, start the stack, run the task through its outage, and add up what it came to. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TaskResult } from '../../client/index.ts';
import { TaskClient } from '../../client/index.ts';
import type { DevStack } from '../../workers/dev/dev-stack.ts';
import { startDevStack } from '../../workers/dev/dev-stack.ts';
import type { DemoClouds } from './demo-clouds.ts';
import type { DemoPlay } from './demo-play.ts';
import { applyDiff, layOutRepository, runTests } from './demo-repository.ts';
import { readHistoryBytes } from './history-bytes.ts';
import { withScratchFolders } from './scratch-folders.ts';

export interface DemoOptions {
  readonly say: (line: string) => void;
  readonly keep: boolean;
  readonly play: DemoPlay;
}

/** The demo's last line with `--json`; every value is computed from what happened. */
export interface DemoReport {
  readonly taskId: string;
  readonly state: TaskResult['state'];
  /** Those that answered, in order. */
  readonly endpointsUsed: readonly string[];
  readonly failovers: number;
  readonly turns: number;
  readonly historyBytes: number;
  readonly testsBefore: 'passed' | 'failed';
  readonly testsAfter: 'passed' | 'failed';
  readonly generationsPaidTwice: number;
  readonly toolEffectsTwice: number;
}

/** Runs the demo to its end; with `keep`, to Ctrl-C, and leaves its folders. */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const repository = await layOutRepository();
  const dataDirectory = await mkdtemp(join(tmpdir(), 'anyport-demo-data-'));
  const perform = () => playIn({ repository, dataDirectory }, options);
  return options.keep ? perform() : withScratchFolders([dirname(repository), dataDirectory], perform);
}

async function playIn(
  { repository, dataDirectory }: { readonly repository: string; readonly dataDirectory: string },
  { say, keep, play }: DemoOptions,
): Promise<DemoReport> {
  const before = runTests(repository);
  say(`The repository: ${repository}, whose ${before.summary}`);
  const demo = await play.startClouds(dataDirectory);
  try {
    const stack = await startDevStack({
      dataDirectory,
      config: demo.config,
      ports: { grpc: 0, ui: 0 },
      environment: { ...process.env, ...demo.clouds.environment, TEMPORAL_ADDRESS: undefined },
      say: (line) => say(`          · ${line}`),
    });
    const client = await TaskClient.connect({ address: stack.temporalAddress, namespace: stack.namespace });
    try {
      const result = await play.run({ demo, stack, client, say }, repository);
      await applyDiff(repository, result.diff);
      const after = runTests(repository);
      const report = await addUp({ demo, stack, play, result, before: before.verdict, after: after.verdict });
      tellEnd(say, result, { ...report, after: after.summary });
      if (keep) {
        const link = `${stack.uiAddress}/namespaces/${stack.namespace}/workflows/${encodeURIComponent(`agent-task/${result.taskId}`)}`;
        say(`Look at it in the Temporal UI: ${link}\nCtrl-C ends the demo; ${repository} and ${dataDirectory} stay.`);
        await interrupted();
      } else say('To look at it in the Temporal UI, and to keep its files: npm run demo -- --keep');
      return report;
    } finally {
      await client.close();
      await stack.stop();
    }
  } finally {
    await demo.clouds.process.stop();
  }
}

interface Ended {
  readonly demo: DemoClouds;
  readonly stack: DevStack;
  readonly play: DemoPlay;
  readonly result: TaskResult;
  readonly before: 'passed' | 'failed';
  readonly after: 'passed' | 'failed';
}

async function addUp({ demo, stack, play, result, before, after }: Ended): Promise<DemoReport> {
  const answered = result.attempts.filter(({ outcome }) => outcome === 'completed').map(({ endpoint }) => endpoint);
  return {
    taskId: result.taskId,
    state: result.state,
    endpointsUsed: [...new Set(answered)],
    failovers: countFailovers(result),
    turns: result.turns,
    historyBytes: await readHistoryBytes(stack, result.taskId),
    testsBefore: before,
    testsAfter: after,
    generationsPaidTwice: await play.countPaidTwice(demo, result),
    toolEffectsTwice: result.toolEffectsTwice,
  };
}

/** Attempts that went elsewhere than the one before them in the same turn. */
function countFailovers({ attempts }: TaskResult): number {
  return attempts.filter((attempt, index) => {
    const previous = attempts[index - 1];
    return previous?.turn === attempt.turn && previous.endpoint !== attempt.endpoint;
  }).length;
}

function tellEnd(say: DemoOptions['say'], result: TaskResult, report: DemoReport & { readonly after: string }): void {
  say('');
  say(result.diff.trimEnd());
  say('');
  say(`The tests, after the diff is applied: ${report.after}.`);
  say(`The answer: ${result.output}`);
  say(
    `${report.turns} turns on ${report.endpointsUsed.join(', then ')}; ${report.failovers} failover; ` +
      `$${(result.paid.usdMicros / 1e6).toFixed(4)} at list prices; ${report.historyBytes} bytes of history.`,
  );
  say(
    `By the clouds' own ledgers ${report.generationsPaidTwice} generations were paid twice; ` +
      `by the tool journal ${report.toolEffectsTwice} effects happened twice.`,
  );
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}
