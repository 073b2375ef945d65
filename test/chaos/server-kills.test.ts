/**
 * `kill -9` of the Temporal server while tasks are in the middle of everything they do. It comes back with its database, soon or late, and
 * every task ends as if nothing had happened: the same files, no answer paid twice, no effect twice, and what nobody knows is told.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SendMessageResult } from '../../workflows/messages.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';
import type { ChaosScene } from './chaos-scene.ts';
import { openChaosScene } from './chaos-scene.ts';

const AZURE = 'azure-eastus2';
const TIMEOUT_MS = 180_000;

/** The end of a line that no other process has. */
const MARK = `.0${process.pid}`;
/** Of commands and answers: the short ones end while the server is away, at the latest. */
const SECONDS = { short: 3, long: 12 } as const;
/** Of the stream of an answer. */
const EVENTS = 10;
const KINDS = ['long talk', 'long inside', 'long outside', 'short talk', 'short inside', 'short outside'] as const;
type Kind = (typeof KINDS)[number];

function command(cmd: string, rest: object = {}) {
  return { toolCalls: [{ name: 'exec_command', input: { cmd, yield_time_ms: 30_000, ...rest } }] };
}

/** What is inside is a file of the workspace; what is outside, a line in a file of nobody's. */
function script(effects: string) {
  const worked = (['short', 'long'] as const).flatMap((length) => {
    const sleep = `sleep ${SECONDS[length]}${MARK}`;
    const escalated = { sandbox_permissions: 'require_escalated', justification: 'It is outside.' };
    const end = [command('ls > listed.txt'), { text: 'Done.' }];
    const inside = [command(`echo a >> log.txt; ${sleep}; echo b >> log.txt`), ...end];
    const outside = [command(`sh ${effects} ${length} ${SECONDS[length]}${MARK}`, escalated), ...end];
    return [
      { when: { inputContains: `${length} inside` }, turns: inside },
      { when: { inputContains: `${length} outside` }, turns: outside },
    ];
  });
  return [
    { when: { inputContains: 'one thing more' }, turns: [command('echo more > more.txt'), { text: 'More is done.' }] },
    ...worked,
    { when: { inputContains: 'talk' }, turns: [{ text: 'A rather long answer that takes its time.' }] },
    { when: { inputContains: 'ask' }, turns: [command('echo asked > asked.txt'), { text: 'Done.' }] },
  ];
}

/** What a task came to, as far as it may not depend on what happened meanwhile. */
interface Outcome {
  readonly state: string;
  readonly output: string;
  readonly diff: string;
  /** Of its tool calls. */
  readonly calls: readonly string[];
  /** Requests for answers that the cloud got, and answers that may have been paid in vain. */
  readonly asked: number;
  readonly suspected: number;
}

let cluster: Cluster;
let scene: ChaosScene;
let workspace: string;
let effects: string;
let store: DatabaseSync;
let whole: ReadonlyMap<Kind, Outcome>;

beforeAll(async () => {
  effects = join(process.env['TMPDIR'] ?? '/tmp', `anyport-outage-${process.pid}.sh`);
  writeFileSync(effects, `echo $1 >> ${effects}.log\nsleep $2\n`);
  cluster = await startCluster({ script: script(effects), endpoints: [AZURE], supervised: true, durableTemporal: true });
  scene = openChaosScene(cluster);
  store = new DatabaseSync(cluster.store, { readOnly: true, timeout: 2_000 });
  workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'hello\n' });
  whole = new Map(await Promise.all(KINDS.map(async (kind) => [kind, await outcomeOf(await start(kind))] as const)));
}, TIMEOUT_MS);
afterAll(async () => {
  scene.close();
  store.close();
  await cluster.stop();
  for (const file of [effects, `${effects}.log`]) rmSync(file, { force: true });
});
beforeEach(() => writeFileSync(`${effects}.log`, ''));

async function start(prompt: string, mode: 'on-request' | 'untrusted' = 'on-request'): Promise<string> {
  const rules = [{ kind: 'command', prefix: ['sh', effects], escalated: true }] as const;
  const { taskId } = await cluster.tasks.start({ prompt, model: MODEL, workspace, approvals: { mode, rules } });
  return taskId;
}

/** Starts it, and waits until it is in the middle of what its prompt says. */
async function begin(kind: Kind): Promise<string> {
  const [length, what] = kind.split(' ');
  if (what === 'talk') {
    const eventDelayMs = (SECONDS[length === 'long' ? 'long' : 'short'] * 1_000) / EVENTS;
    await cluster.setFaults(AZURE, [{ kind: 'slow-stream', eventDelayMs, count: 1 }]);
    const taskId = await start(kind);
    await scene.attemptIs(taskId, 'submitted');
    return taskId;
  }
  const taskId = await start(kind);
  const open = store.prepare('SELECT 1 FROM tool_calls WHERE task_id = ? AND turn = 1 AND result IS NULL');
  await eventually('the call has begun', async () => open.get(taskId));
  return taskId;
}

/** One task of each of these kinds. */
async function beginAll(kinds: readonly Kind[] = KINDS): Promise<readonly (readonly [Kind, string])[]> {
  const begun: [Kind, string][] = [];
  for (const kind of kinds) begun.push([kind, await begin(kind)]);
  return begun;
}

async function outcomeOf(taskId: string): Promise<Outcome> {
  const { state, output, diff, suspectedTwice } = await cluster.tasks.result(taskId);
  const { events } = await cluster.tasks.status(taskId);
  const calls = events.flatMap((event) => (event.kind === 'tool-ended' ? [event.outcome] : []));
  const asked = (await scene.generations(taskId, AZURE)).length;
  return { state, output, diff, calls, asked, suspected: suspectedTwice.count };
}

/** What differs when the worker died in the middle of it. */
function afterDeath(kind: Kind): Partial<Outcome> {
  if (kind.endsWith('outside')) return { calls: ['unknown', 'ok'] };
  return kind.endsWith('talk') ? { asked: 2, suspected: 1 } : {};
}

function effectsSoFar(): readonly string[] {
  return readFileSync(`${effects}.log`, 'utf8').trim().split('\n').toSorted();
}

async function noProcessIsLeft(): Promise<void> {
  await eventually('no process is left', async () => (survivors().length === 0 ? true : undefined));
}

function survivors(): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(MARK);
    } catch {
      return false;
    }
  });
}

/** However often it fails: it is the same message. */
async function sendUntilTaken(taskId: string, requestId: string): Promise<SendMessageResult> {
  return eventually('the message is taken', async () => {
    const message = { text: 'one thing more', mode: 'enqueue', requestId } as const;
    return cluster.tasks.send(taskId, message).catch(() => undefined);
  });
}

describe('a Temporal server that is killed', () => {
  test.each([
    { outage: 'is back as soon as it can be', awayMs: 0 },
    // The heartbeat timeout is 5 s: the server, once it is back, gives up activities that run all the while.
    { outage: 'is away for longer than it waits for a heartbeat', awayMs: 7_000 },
    // A worker tries for 10 s to report the end of an activity, and then nobody does.
    { outage: 'is away until ends of activities are reported by nobody any more', awayMs: 15_000 },
  ])(
    'changes nothing about what its tasks come to: it $outage',
    async ({ awayMs }) => {
      const working = await beginAll();

      await cluster.server.kill();
      await pause(awayMs);
      await cluster.server.restart();

      for (const [kind, taskId] of working) expect([kind, await outcomeOf(taskId)]).toEqual([kind, whole.get(kind)]);
      expect(effectsSoFar()).toEqual(['long', 'short']);
      await noProcessIsLeft();
    },
    TIMEOUT_MS,
  );

  test(
    'and whose worker dies meanwhile, has the model told of what nobody knows, and of nothing else',
    async () => {
      // A short one may have ended before it comes to that.
      const working = await beginAll(['long inside', 'long outside', 'long talk']);

      await cluster.server.kill();
      await scene.killWorkerOf(working[0]?.[1] ?? '');
      await pause(1_000);
      await cluster.server.restart();

      for (const [kind, taskId] of working) {
        const outcome = await outcomeOf(taskId);
        expect([kind, outcome]).toEqual([kind, { ...whole.get(kind), ...afterDeath(kind) }]);
      }
      expect(effectsSoFar()).toEqual(['long']);
      await noProcessIsLeft();
    },
    TIMEOUT_MS,
  );

  test(
    'loses neither an answer of a person nor a message, whatever those who gave them were told meanwhile',
    async () => {
      const asking = await start('ask', 'untrusted');
      const { callId } = await eventually('it asks', async () => (await cluster.tasks.status(asking)).approvals?.[0]);
      const told = await begin('short inside');

      const sent = sendUntilTaken(told, 'r-1');
      await cluster.server.kill();
      const away = { name: 'TaskClientError', message: expect.stringContaining('Temporal') };
      await expect(cluster.tasks.approve(asking, { callId, by: 'ada' })).rejects.toMatchObject(away);
      await cluster.server.restart();
      await cluster.tasks.approve(asking, { callId, by: 'ada' });

      expect(await sent).toMatchObject({ requestId: 'r-1' });
      const { state, approvals, diff } = await cluster.tasks.result(asking);
      expect({ state, approvals, diff }).toMatchObject({
        state: 'completed',
        approvals: [{ by: 'ada' }],
        diff: expect.stringContaining('+asked'),
      });
      const ended = await cluster.tasks.result(told);
      expect(ended).toMatchObject({ output: 'More is done.', diffStat: { files: 3 } });
      const { events } = await cluster.tasks.status(told);
      expect(events.filter(({ kind }) => kind === 'message-received')).toHaveLength(1);
      await noProcessIsLeft();
    },
    TIMEOUT_MS,
  );
});
