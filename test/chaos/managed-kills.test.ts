/**
 * Workers that are killed at every step of a managed agent's task. Where sessions can be read: one session, every input once, no generation
 * twice. Where they cannot, a generation may be paid twice, and then the result says so.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probeBubblewrap } from '../../activities/sandbox/probe-sandbox.ts';
import { readAgentLedger } from '../managed-agents/conversation.ts';
import { planKey } from '../../activities/managed-agents/session-plan.ts';
import { toDeploymentId, toTaskId } from '../../workflows/domain/ids.ts';
import { MODEL } from '../support/builders.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';
import type { ChaosScene } from './chaos-scene.ts';
import { openChaosScene } from './chaos-scene.ts';

const ENDPOINT = 'openai-agents';
const SCRIPT = [
  // What a session is told that takes over from another one.
  { when: { inputContains: 'Its result (' }, turns: [{ text: 'It is written.' }] },
  {
    when: { inputContains: 'write a file' },
    turns: [
      { text: 'I write it.', toolCalls: [{ name: 'exec_command', input: { cmd: 'sleep 0.5; echo made >> made.txt' } }] },
      { text: 'It is written.' },
    ],
  },
];
/** Before the session is opened, and while it is. */
const KILLED_AFTER_MS = [0, 200];
/** How much older than the youngest the others are: first answer, tool, results, second answer, end. */
const BEGUN_BEFORE_MS = [0, 400, 800, 1_200, 1_600];
/** Their endpoint is that of their tenant. */
const TENANTS = {
  'openai-agents': { deny: ['aws', 'google'] },
  'agent-engine': { deny: ['openai', 'aws'] },
  'bedrock-classic': { deny: ['openai', 'google'] },
};
const READABLE = ['openai-agents', 'agent-engine'] as const satisfies readonly (keyof typeof TENANTS)[];
const SERVICES = [...READABLE, 'bedrock-classic'] as const satisfies readonly (keyof typeof TENANTS)[];
const probe = await probeBubblewrap();

let cluster: Cluster;
let scene: ChaosScene;
let workspace: string;

beforeAll(async () => {
  const endpoints = [ENDPOINT, 'agent-engine', 'bedrock-classic'] as const;
  const tenants = { default: { deny: ['aws', 'google'] }, ...TENANTS };
  cluster = await startCluster({ script: SCRIPT, endpoints, tenants, supervised: true });
  scene = openChaosScene(cluster);
  workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'a.txt': 'a\n' });
});
afterAll(async () => {
  scene.close();
  await cluster.stop();
});

type Tenant = keyof typeof TENANTS;

interface Begun {
  readonly tenant: Tenant;
  readonly taskId: string;
}

/** At each service one after another, the last one's first answer on its way; then the one worker of all of them is killed. */
async function killAmidAll(): Promise<readonly Begun[]> {
  const latest = Math.max(...BEGUN_BEFORE_MS);
  const begin = async (tenant: Tenant, beforeMs: number): Promise<Begun> => {
    await pause(latest - beforeMs);
    const { taskId } = await cluster.tasks.startManagedAgent({ prompt: 'write a file', model: MODEL, workspace, tenant });
    return { tenant, taskId };
  };
  // An answer takes about a second.
  await Promise.all(SERVICES.map((tenant) => cluster.setFaults(tenant, [{ kind: 'slow', eventDelayMs: 200 }])));
  const tasks = await Promise.all(SERVICES.flatMap((tenant) => BEGUN_BEFORE_MS.map((beforeMs) => begin(tenant, beforeMs))));
  const youngest = SERVICES.map((service) => tasks.find(({ tenant }) => tenant === service)?.taskId ?? '');
  await Promise.all(youngest.map((taskId) => scene.attemptIs(taskId, 'submitted')));
  await scene.killWorkerOf(youngest[0] ?? '');
  return tasks;
}

/** What the service has of a task, by the names of its sessions. */
async function seenOf({ tenant, taskId }: Begun) {
  const ledger = await readAgentLedger(cluster.control(tenant));
  const deployment = toDeploymentId(tenant, MODEL);
  // Agents Classic is told no metadata; its sessions are named by us.
  const names = [1, 2, 3].map((generation) => planKey(toTaskId(taskId), { deployment, generation }));
  const sessions = ledger.sessions.filter(({ id, metadata }) => metadata['task'] === taskId || names.includes(id));
  const isOwn = ({ sessionId }: { readonly sessionId: string }): boolean => sessions.some(({ id }) => id === sessionId);
  return {
    sessions: sessions.map(({ closed }) => (closed ? 'closed' : 'open')),
    inputs: ledger.inputs.filter(isOwn).length,
    generations: ledger.generations.filter(isOwn).length,
  };
}

describe.skipIf(probe.kind !== 'usable')('tasks whose worker is killed at different steps of theirs', () => {
  let tasks: readonly Begun[];
  beforeAll(async () => {
    tasks = await killAmidAll();
    await Promise.all(tasks.map(({ taskId }) => cluster.tasks.result(taskId)));
  });

  async function endedAt(service: Tenant) {
    const own = tasks.filter(({ tenant }) => tenant === service);
    return Promise.all(own.map(async (task) => ({ result: await cluster.tasks.result(task.taskId), seen: await seenOf(task) })));
  }

  test.each(READABLE)('have one session each at %s, which takes every input once, and pay nothing twice', async (service) => {
    for (const { result, seen } of await endedAt(service)) {
      expect(result).toMatchObject({ state: 'completed', output: 'It is written.', toolEffectsTwice: 0 });
      expect(result.diff.match(/^\+made$/gm)).toHaveLength(1);
      expect(seen).toEqual({ sessions: ['closed'], inputs: 2, generations: 2 });
    }
  });

  test('have each effect once at Agents Classic, pay at most one generation twice, and say so', async () => {
    const ended = await endedAt('bedrock-classic');

    for (const { result, seen } of ended) {
      expect(result).toMatchObject({ state: 'completed', output: 'It is written.', toolEffectsTwice: 0 });
      expect(result.diff.match(/^\+made$/gm)).toHaveLength(1);
      // Its worker was lost, or no other one came in time.
      const uncertain = result.attempts.filter(({ outcome }) => outcome !== 'completed');
      expect(uncertain.length).toBeLessThanOrEqual(1);
      expect(result.suspectedTwice.count).toBe(uncertain.length);
      expect(seen.generations - 2).toBeLessThanOrEqual(uncertain.length);
      expect(seen.sessions).toEqual(seen.sessions.map(() => 'closed'));
    }
    // The one that was killed amid its first answer.
    expect(ended[0]).toMatchObject({
      result: { suspectedTwice: { count: 1 } },
      seen: { sessions: ['closed', 'closed'], generations: 3 },
    });
  });
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
