/** What a demo is made of: the clouds that it is played on, and what happens there. */
import { probeBubblewrap } from '../../activities/sandbox/probe-sandbox.ts';
import type { TaskClient, TaskResult } from '../../client/index.ts';
import type { DevStack } from '../../workers/dev/dev-stack.ts';
import type { SandboxChoice } from '../../workflows/activity-interfaces.ts';
import type { DemoClouds } from './demo-clouds.ts';

export const MODEL = 'gpt-6.1-sol';

export type Say = (line: string) => void;

export interface Stage {
  readonly demo: DemoClouds;
  readonly stack: DevStack;
  readonly client: TaskClient;
  readonly say: Say;
}

export interface DemoPlay {
  startClouds(dataDirectory: string): Promise<DemoClouds>;
  /** Runs the task to its end, whatever happens meanwhile. */
  run(stage: Stage, repository: string): Promise<TaskResult>;
  /** By the clouds' own ledgers: generations beyond those that were asked for. */
  countPaidTwice(demo: DemoClouds, result: TaskResult): Promise<number>;
}

/** Commands are confined where that is possible here; where it is not, that is said, not hidden. */
export async function chooseSandbox(say: Say): Promise<SandboxChoice> {
  const probe = await probeBubblewrap();
  if (probe.kind === 'usable') return 'bubblewrap';
  say(`NO SANDBOX: ${probe.reason}. The demo's commands run unconfined (--sandbox none); ${probe.remedy}`);
  return 'none';
}
