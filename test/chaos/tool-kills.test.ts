/**
 * `kill -9` of a worker inside every kind of tool call: the files are in the end as if nothing had happened, what reaches beyond the workspace
 * happened once, and no process is left.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';
import type { ChaosScene } from './chaos-scene.ts';
import { openChaosScene } from './chaos-scene.ts';

function command(cmd: string, rest: object = {}) {
  return { toolCalls: [{ name: 'exec_command', input: { cmd, ...rest } }] };
}

/** No other process sleeps for as long. */
const ASLEEP = `sleep 1.0${process.pid}`;
const PATCH = [
  '*** Begin Patch',
  '*** Update File: log.txt',
  '@@',
  ' a',
  '-b',
  '+B',
  '*** Add File: patched.txt',
  '+patched',
  '*** End Patch',
].join('\n');

/** The turns of a task; an effect is a line in a file that is outside of every workspace. */
function script(effects: string) {
  const turns = [
    command(`echo a >> log.txt; ${ASLEEP}; echo b >> log.txt`),
    { toolCalls: [{ name: 'apply_patch', input: PATCH }] },
    {
      toolCalls: [
        { name: 'read_file', input: { path: 'log.txt' } },
        { name: 'list_files', input: {} },
      ],
    },
    command(`sh ${effects}`, { sandbox_permissions: 'require_escalated', justification: 'It is outside.' }),
    command(`rm -rf junk; mkdir junk; (setsid ${ASLEEP} &) ; sort -r log.txt > sorted.txt; ${ASLEEP}`),
    { text: 'Done.' },
  ];
  return [{ when: { inputContains: 'work' }, turns }];
}

let cluster: Cluster;
let scene: ChaosScene;
let workspace: string;
let effects: string;
let store: DatabaseSync;
let whole: string;

beforeAll(async () => {
  const folder = process.env['TMPDIR'] ?? '/tmp';
  effects = join(folder, `anyport-effect-${process.pid}.sh`);
  writeFileSync(effects, `echo once >> ${effects}.log\nsleep 2\n`);
  cluster = await startCluster({ script: script(effects), endpoints: ['azure-eastus2'], supervised: true });
  scene = openChaosScene(cluster);
  store = new DatabaseSync(cluster.store, { readOnly: true, timeout: 2_000 });
  workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'hello\n' });
  whole = (await cluster.tasks.result(await start())).diff;
});
afterAll(async () => {
  scene.close();
  store.close();
  await cluster.stop();
});

async function start(): Promise<string> {
  writeFileSync(`${effects}.log`, '');
  const rules = [{ kind: 'command', prefix: ['sh', effects], escalated: true }] as const;
  const { taskId } = await cluster.tasks.start({
    prompt: 'work',
    model: MODEL,
    workspace,
    approvals: { mode: 'on-request', rules },
  });
  return taskId;
}

/** A call of the turn has begun, and not ended. */
function hasBegun(taskId: string, turn: number): boolean {
  const open = 'SELECT count(*) AS open FROM tool_calls WHERE task_id = ? AND turn = ? AND result IS NULL';
  return Number(store.prepare(open).get(taskId, turn)?.['open']) > 0;
}

function hasEnded(taskId: string, turn: number): boolean {
  const ended = 'SELECT count(*) AS ended FROM tool_calls WHERE task_id = ? AND turn = ? AND result IS NOT NULL';
  return Number(store.prepare(ended).get(taskId, turn)?.['ended']) > 0;
}

function survivors(): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').startsWith(ASLEEP);
    } catch {
      return false;
    }
  });
}

async function outcomesOf(taskId: string): Promise<readonly string[]> {
  const { events } = await cluster.tasks.status(taskId);
  return events.flatMap((event) => (event.kind === 'tool-ended' ? [event.outcome] : []));
}

const AS_IF_NOTHING = ['ok', 'ok', 'ok', 'ok', 'ok', 'ok'];

test('a task that nobody kills changes what it should, with one effect', () => {
  expect(whole).toContain('+a\n+B');
  expect(whole).toContain('sorted.txt');
  expect(readFileSync(`${effects}.log`, 'utf8')).toBe('once\n');
});

describe('a worker that is killed', () => {
  test.each([
    { where: 'in a command of the sandbox', turn: 1, outcomes: AS_IF_NOTHING },
    { where: 'in a command of the sandbox with processes that leave its session', turn: 5, outcomes: AS_IF_NOTHING },
    { where: 'in a command without the sandbox', turn: 4, outcomes: ['ok', 'ok', 'ok', 'ok', 'unknown', 'ok'] },
  ])(
    '$where',
    async ({ turn, outcomes }) => {
      const taskId = await start();
      await eventually('the call has begun', async () => hasBegun(taskId, turn) || undefined);
      // Its first half has happened by then.
      await new Promise((done) => setTimeout(done, 400));
      await scene.killWorkerOf(taskId);

      const result = await cluster.tasks.result(taskId);

      expect(result).toMatchObject({ state: 'completed', output: 'Done.', toolEffectsTwice: 0 });
      expect(result.diff).toBe(whole);
      expect(await outcomesOf(taskId)).toEqual(outcomes);
      expect(readFileSync(`${effects}.log`, 'utf8')).toBe('once\n');
      await eventually('no process is left', async () => (survivors().length === 0 ? true : undefined));
    },
    60_000,
  );

  test('between two calls', async () => {
    const taskId = await start();
    await eventually('the patch is applied', async () => hasEnded(taskId, 2) || undefined);
    await scene.killWorkerOf(taskId);

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', output: 'Done.', toolEffectsTwice: 0 });
    expect(result.diff).toBe(whole);
    expect(readFileSync(`${effects}.log`, 'utf8').split('\n').length).toBeLessThanOrEqual(2);
  }, 60_000);
});
