/** The demo's course: lay out the repository, start the stack, run the task through its outage, and add up what it came to. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { probeBubblewrap } from '../../activities/sandbox/probe-sandbox.ts';
import type { TaskResult } from '../../client/index.ts';
import { TaskClient } from '../../client/index.ts';
import { tellEvent } from '../../client/story.ts';
import type { SandboxChoice } from '../../workflows/activity-interfaces.ts';
import type { DevStack } from '../../workers/dev/dev-stack.ts';
import { startDevStack } from '../../workers/dev/dev-stack.ts';
import type { DemoClouds } from './demo-clouds.ts';
import { countPaidTwice, FIRST, readLedgers, SECOND, startDemoClouds } from './demo-clouds.ts';
import { applyDiff, layOutRepository, runTests } from './demo-repository.ts';
import { readHistoryBytes } from './history-bytes.ts';
import { killWorkerInCall } from './kill-worker.ts';
import { withScratchFolders } from './scratch-folders.ts';

export interface DemoOptions {
  readonly say: (line: string) => void;
  readonly keep: boolean;
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

const MODEL = 'gpt-6.1-sol';
const PROMPT = 'The tests of this library for durations fail. Find out why, fix it, and show that they pass.';

interface Stage {
  readonly demo: DemoClouds;
  readonly stack: DevStack;
  readonly client: TaskClient;
  readonly say: DemoOptions['say'];
}

/** Runs the demo to its end; with `keep`, to Ctrl-C, and leaves its folders. */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const repository = await layOutRepository();
  const dataDirectory = await mkdtemp(join(tmpdir(), 'anyport-demo-data-'));
  const play = () => playIn({ repository, dataDirectory }, options);
  return options.keep ? play() : withScratchFolders([dirname(repository), dataDirectory], play);
}

async function playIn(
  { repository, dataDirectory }: { readonly repository: string; readonly dataDirectory: string },
  { say, keep }: DemoOptions,
): Promise<DemoReport> {
  const before = runTests(repository);
  say(`The repository: ${repository}, whose ${before.summary}`);
  const demo = await startDemoClouds(dataDirectory);
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
      const result = await runTask({ demo, stack, client, say }, repository);
      await applyDiff(repository, result.diff);
      const after = runTests(repository);
      const report = await addUp({ demo, stack, result, before: before.verdict, after: after.verdict });
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

async function runTask({ demo, stack, client, say }: Stage, repository: string): Promise<TaskResult> {
  const sandbox = await chooseSandbox(say);
  say(`The task: ${PROMPT}`);
  say(
    `The route: ${FIRST} first, then ${SECOND}. In its third answer ${FIRST} will break and stay down, and ${SECOND} will throttle.`,
  );
  const { taskId } = await client.start({ prompt: PROMPT, model: MODEL, workspace: repository, sandbox });
  const ended = new AbortController();
  let toldTurn = 0;
  const killed = killWorkerInCall({ demo, stack, say, signal: ended.signal, toldTurn: () => toldTurn });
  for await (const event of client.follow(taskId)) {
    say(tellEvent(event));
    if (event.kind === 'attempt-started') toldTurn = event.turn;
  }
  const result = await client.result(taskId);
  ended.abort();
  await killed;
  return result;
}

/** Commands are confined where that is possible here; where it is not, that is said, not hidden. */
async function chooseSandbox(say: DemoOptions['say']): Promise<SandboxChoice> {
  const probe = await probeBubblewrap();
  if (probe.kind === 'usable') return 'bubblewrap';
  say(`NO SANDBOX: ${probe.reason}. The demo's commands run unconfined (--sandbox none); ${probe.remedy}`);
  return 'none';
}

interface Ended {
  readonly demo: DemoClouds;
  readonly stack: DevStack;
  readonly result: TaskResult;
  readonly before: 'passed' | 'failed';
  readonly after: 'passed' | 'failed';
}

async function addUp({ demo, stack, result, before, after }: Ended): Promise<DemoReport> {
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
    generationsPaidTwice: countPaidTwice(await readLedgers(demo.clouds)),
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
