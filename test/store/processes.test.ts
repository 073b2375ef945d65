/** Several processes on one file, and processes that are killed while they write. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { itemIdOf } from '../../activities/store/item-id.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { TaskStore } from '../../activities/store/task-store.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import type { TranscriptHead } from '../../workflows/domain/transcript.ts';
import { deploymentAt } from '../support/builders.ts';
import type { StoreProcess } from './remote-store.ts';
import { startStoreProcess } from './remote-store.ts';
import { testTaskStore } from './task-store-contract.ts';
import { batchOf, headOf, itemsOf, LINES, TASK } from './told-turns.ts';

const SETTINGS = { instructions: 'do', tools: [] };
const WRITERS = ['first', 'second', 'third'] as const;
const TURNS = 100;
const VICTIM = 'victim';
const ENDLESS_WRITER = fileURLToPath(new URL('endless-writer.ts', import.meta.url));

describe('SQLite, each connection in a process of its own', () => {
  testTaskStore(async () => {
    const file = await newFile();
    const processes: StoreProcess[] = [];
    return {
      open: () => {
        const started = startStoreProcess();
        processes.push(started);
        return started.open(file);
      },
      remove: async () => void (await Promise.all(processes.map((each) => each.kill()))),
    };
  });
});

test('several processes open a new file at once, and share it from then on', async () => {
  const processes = Array.from({ length: 6 }, startProcess);
  await Promise.all(processes.map(({ ready }) => ready()));

  // Again and again: the moment in which they are in each other's way is short.
  for (let round = 0; round < 20; round += 1) {
    const file = await newFile();
    const stores = await Promise.all(processes.map((each) => each.open(file)));
    await Promise.all(stores.map((store, index) => store.putSettings(toTaskId(`task-${index}`), SETTINGS)));
    const found = await Promise.all(
      stores.map((store, index) => store.getSettings(toTaskId(`task-${stores.length - 1 - index}`))),
    );
    expect(found).toEqual(stores.map(() => SETTINGS));
  }
});

describe('processes that write to one task at once', () => {
  test('begin every attempt exactly once, and end it exactly once', async () => {
    const { stores, reader } = await startWriters();

    const outcomes = await Promise.all(stores.map((store, index) => writeAttempts(store, WRITERS[index] ?? '')));

    for (const turn of turns()) {
      expect(outcomes.filter((outcome) => outcome[turn - 1]?.isNew === true)).toHaveLength(1);
      expect(new Set(outcomes.map((outcome) => outcome[turn - 1]?.responseId)).size).toBe(1);
    }
    expect((await reader.listAttempts(TASK)).map(({ key }) => key.turn)).toEqual(turns());
  });

  test('count every start of a tool, and agree on its one result', async () => {
    const { stores, reader } = await startWriters();

    const outcomes = await Promise.all(stores.map((store, index) => writeToolCalls(store, WRITERS[index] ?? '')));

    const calls = await reader.listToolCalls(TASK);
    expect(calls.map(({ key }) => key.turn)).toEqual(turns());
    expect(new Set(calls.map(({ starts }) => starts))).toEqual(new Set([WRITERS.length]));
    for (const outcome of outcomes) expect(outcome).toEqual(calls.map(({ result }) => result?.item));
  });

  test('lose no item of any of their transcripts', async () => {
    const { stores, reader } = await startWriters();

    const heads = await Promise.all(stores.map((store, index) => writeTranscript(store, WRITERS[index] ?? '')));

    const read = await Promise.all(heads.map((head) => reader.readTranscript(TASK, head)));
    expect(read).toEqual(WRITERS.map((writer) => turns().flatMap((turn) => itemsOf(writer, turn))));
  });
});

test.each([1, 3, 7, 15])(
  'a process killed after %i turns has left all of each turn that it had told of, and no half of any',
  { timeout: 60_000 },
  async (count) => {
    const file = await newFile();

    const told = await writeUntilKilled(file, count);

    const reader = await openStore(file);
    expect(told.length).toBeGreaterThanOrEqual(count);
    for (const turn of told) await expectWhole(reader, turn);
    expect(problemsOf(file)).toEqual([]);
  },
);

async function newFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'anyport-store-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'anyport.db');
}

function startProcess(): StoreProcess {
  const started = startStoreProcess();
  onTestFinished(() => started.kill());
  return started;
}

async function openStore(file: string): Promise<TaskStore> {
  const store = await openSqliteTaskStore(file);
  onTestFinished(() => store.close());
  return store;
}

async function startWriters(): Promise<{ stores: readonly TaskStore[]; reader: TaskStore }> {
  const file = await newFile();
  const stores = await Promise.all(WRITERS.map(() => startProcess().open(file)));
  return { stores, reader: await openStore(file) };
}

function turns(): readonly number[] {
  return Array.from({ length: TURNS }, (_none, index) => index + 1);
}

/** All at once, so that each process has its next call at hand when one is done. */
function writeAttempts(store: TaskStore, writer: string) {
  return Promise.all(
    turns().map(async (turn) => {
      const key = { taskId: TASK, turn, attempt: 1 };
      const [{ isNew }] = await Promise.all([
        store.startAttempt(key, deploymentAt('openai')),
        store.updateAttempt(key, { kind: 'submitted', responseId: 'on-its-way', background: true }),
      ]);
      const { state } = await store.updateAttempt(key, { kind: 'cancelled', responseId: writer });
      return { isNew, responseId: state.kind === 'cancelled' ? state.responseId : state.kind };
    }),
  );
}

function writeToolCalls(store: TaskStore, writer: string) {
  return Promise.all(
    turns().map(async (turn) => {
      const key = { taskId: TASK, turn, callId: 'call' };
      const [, { result }] = await Promise.all([
        store.startToolCall(key, 'exec_command', 'workspace'),
        store.finishToolCall(key, { item: writer, outcome: 'ok' }),
      ]);
      return result?.item;
    }),
  );
}

async function writeTranscript(store: TaskStore, writer: string): Promise<TranscriptHead> {
  const written = turns().map(async (turn) => {
    await Promise.all([
      store.putItems(TASK, itemsOf(writer, turn)),
      store.appendToTranscript(TASK, headOf(writer, turn - 1), itemsOf(writer, turn).map(itemIdOf)),
    ]);
  });
  await Promise.all(written);
  return headOf(writer, TURNS);
}

/** Lets one write until it has told of `count` turns, kills it, and gives all turns that it had told of by its death. */
async function writeUntilKilled(file: string, count: number): Promise<readonly number[]> {
  const victim = spawn(process.execPath, [ENDLESS_WRITER, file, VICTIM], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void victim.kill('SIGKILL'));
  const told: number[] = [];
  for await (const line of createInterface({ input: victim.stdout })) {
    told.push(Number(line));
    if (told.length === count) victim.kill('SIGKILL');
  }
  return told;
}

async function expectWhole(store: TaskStore, turn: number): Promise<void> {
  expect((await store.readTranscript(TASK, headOf(VICTIM, turn))).slice(-2)).toEqual(itemsOf(VICTIM, turn));
  const [attempt] = (await store.listAttempts(TASK)).filter(({ key }) => key.turn === turn);
  expect(attempt?.state).toEqual({ kind: 'cancelled', responseId: VICTIM });
  expect(await store.getBatchLine(batchOf(turn), LINES.length - 1)).toEqual(LINES.at(-1)?.request);
}

/** What SQLite itself finds wrong with the file, and what it has of a write that is all or nothing. */
function problemsOf(file: string): readonly string[] {
  const database = new DatabaseSync(file, { readOnly: true });
  const damages = database
    .prepare('PRAGMA integrity_check')
    .all()
    .map((row) => String(row['integrity_check']));
  const halves = database.prepare('SELECT batch_id FROM batch_lines GROUP BY batch_id HAVING count(*) <> ?').all(LINES.length);
  database.close();
  return [...damages.filter((words) => words !== 'ok'), ...halves.map((row) => `a part of ${String(row['batch_id'])}`)];
}
