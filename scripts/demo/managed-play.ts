/** A managed agent's session on the first cloud dies in its second turn: the task goes on in a session of another cloud. */
import type { TaskClient, TaskResult } from '../../client/index.ts';
import { tellEvent } from '../../client/story.ts';
import { readConfig, setFaults, startDemoClouds } from './demo-clouds.ts';
import type { DemoPlay, Stage } from './demo-play.ts';
import { chooseSandbox, MODEL } from './demo-play.ts';

const FIRST = 'openai-agents';
const SECOND = 'foundry-agents';
const PROMPT = 'Mend the reader of times of this library: its tests fail. Show that they pass.';

/** Its second turn fails, and so does every session that would take its place there. */
const OUTAGE = [
  { kind: 'turn-failed', code: 'server_error', skip: 1 },
  { kind: 'status', on: 'open', status: 503, skip: 1 },
];

export const MANAGED_PLAY: DemoPlay = {
  async startClouds(dataDirectory) {
    const demo = await startDemoClouds(dataDirectory, (emulated) => {
      const { endpoints, catalog } = readConfig(emulated);
      return {
        endpoints: { [FIRST]: endpoints[FIRST], [SECOND]: endpoints[SECOND] },
        catalog,
        tenants: { default: { order: ['openai', 'azure'] } },
      };
    });
    await setFaults(demo.clouds, FIRST, OUTAGE);
    return demo;
  },

  async run({ client, say }: Stage, repository: string): Promise<TaskResult> {
    const sandbox = await chooseSandbox(say);
    say(`The task: ${PROMPT}`);
    say(
      `The route: sessions at ${FIRST}, then at ${SECOND}. In its second turn the session at ${FIRST} will die, and none can be had there.`,
    );
    const request = { prompt: PROMPT, model: MODEL, workspace: repository, sandbox, approvals: { mode: 'on-request' } } as const;
    const { taskId } = await client.startManagedAgent(request);
    for await (const event of client.follow(taskId)) {
      say(tellEvent(event));
      if (event.kind === 'approval-requested') await approve(client, { taskId, callId: event.callId, say });
    }
    return client.result(taskId);
  },

  async countPaidTwice({ clouds }, { attempts }) {
    const made = await Promise.all([FIRST, SECOND].map((endpoint) => generationsAt(`${clouds.controls[endpoint]}/ledger`)));
    // An attempt at which no session could be had made none.
    return Math.max(made.reduce((sum, count) => sum + count, 0) - attempts.length, 0);
  },
};

async function generationsAt(ledger: string): Promise<number> {
  const body = await (await fetch(ledger)).json();
  const { generations }: { generations: readonly object[] } = body as never; // our own emulator's shape
  return generations.length;
}

/** In the place of the person who is asked. */
async function approve(
  client: TaskClient,
  { taskId, callId, say }: { readonly taskId: string; readonly callId: string; readonly say: Stage['say'] },
): Promise<void> {
  say('          ✓ a person says yes: anyport tasks approve');
  await client.approve(taskId, { callId, by: 'you' });
}
