/** Workers that are killed at every step of a managed agent's task: one session, every input once, no generation twice. */
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { probeBubblewrap } from '../../activities/sandbox/probe-sandbox.ts';
import { readAgentLedger } from '../managed-agents/conversation.ts';
import { MODEL } from '../support/builders.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';
import type { ChaosScene } from './chaos-scene.ts';
import { openChaosScene } from './chaos-scene.ts';

const ENDPOINT = 'openai-agents';
const SCRIPT = [
  {
    when: { inputContains: 'write a file' },
    turns: [
      { text: 'I write it.', toolCalls: [{ name: 'exec_command', input: { cmd: 'sleep 0.5; echo made >> made.txt' } }] },
      { text: 'It is written.' },
    ],
  },
];
/** From before the session is opened to its removal: opening, first stream, tool, results, second stream, end. */
const KILLED_AFTER_MS = [0, 200, 500, 900, 1_400, 2_000, 2_600, 3_300, 4_000];
const probe = await probeBubblewrap();

let cluster: Cluster;
let scene: ChaosScene;
let workspace: string;

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT, endpoints: [ENDPOINT], supervised: true });
  scene = openChaosScene(cluster);
  workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'a.txt': 'a\n' });
  // Each answer takes about a second and a half.
  await cluster.setFaults(ENDPOINT, [{ kind: 'slow', eventDelayMs: 250 }]);
});
afterAll(async () => {
  scene.close();
  await cluster.stop();
});

test.skipIf(probe.kind !== 'usable').each(KILLED_AFTER_MS)(
  'a task whose worker is killed %d ms after its begin has one session, which takes each input once',
  async (delayMs) => {
    const { taskId } = await cluster.tasks.startManagedAgent({ prompt: 'write a file', model: MODEL, workspace });
    await pause(delayMs);

    const isKilled = scene.ownerOf(taskId) !== undefined;
    if (isKilled) await scene.killWorkerOf(taskId);

    const result = await cluster.tasks.result(taskId);
    expect(result).toMatchObject({ state: 'completed', output: 'It is written.' });
    expect(result.diff.match(/^\+made$/gm)).toHaveLength(1);
    const { sessions, inputs, generations } = await readAgentLedger(cluster.control(ENDPOINT));
    const own = sessions.filter(({ metadata }) => metadata['task'] === taskId);
    expect(own).toEqual([expect.objectContaining({ closed: true })]);
    const ofSession = ({ sessionId }: { readonly sessionId: string }): boolean => sessionId === own[0]?.id;
    expect([inputs.filter(ofSession).length, generations.filter(ofSession).length]).toEqual([2, 2]);
  },
);
