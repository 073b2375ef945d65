/** A task goes through the outage of a cloud, another one throttles, and its worker is killed. */
import type { TaskResult } from '../../client/index.ts';
import { tellEvent } from '../../client/story.ts';
import {
  countPaidTwice,
  FIRST,
  OUTAGE,
  readConfig,
  readLedgers,
  SECOND,
  setFaults,
  startDemoClouds,
  THIRD,
} from './demo-clouds.ts';
import type { DemoPlay, Stage } from './demo-play.ts';
import { chooseSandbox, MODEL } from './demo-play.ts';
import { killWorkerInCall } from './kill-worker.ts';

const PROMPT = 'The tests of this library for durations fail. Find out why, fix it, and show that they pass.';

export const OUTAGE_PLAY: DemoPlay = {
  async startClouds(dataDirectory) {
    const demo = await startDemoClouds(dataDirectory, demoConfig);
    await Promise.all(Object.entries(OUTAGE).map(([endpoint, faults]) => setFaults(demo.clouds, endpoint, faults)));
    return demo;
  },

  async run({ demo, stack, client, say }: Stage, repository: string): Promise<TaskResult> {
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
  },

  countPaidTwice: async ({ clouds }) => countPaidTwice(await readLedgers(clouds)),
};

/** Azure first, then AWS in background mode, then Google. */
function demoConfig(emulated: string): object {
  const { endpoints, catalog } = readConfig(emulated);
  return {
    endpoints: {
      [FIRST]: { ...endpoints[FIRST], background: false },
      [SECOND]: { ...endpoints[SECOND], background: true },
      [THIRD]: endpoints[THIRD],
    },
    catalog,
    tenants: { default: { order: ['azure', 'aws', 'google'] } },
  };
}
