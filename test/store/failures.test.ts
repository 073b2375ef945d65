/** What the store says when it cannot be opened or written, and that it goes on when it can again. */
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { TaskStore } from '../../activities/store/task-store.ts';
import { TaskStoreError } from '../../activities/store/task-store.ts';
import { toBatchId, toTaskId } from '../../workflows/domain/ids.ts';
import { deploymentAt } from '../support/builders.ts';
import { startStoreProcess } from './remote-store.ts';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const canMount = isRoot && (await canMountMemory());
const KEY = { taskId: toTaskId('task-1'), turn: 1, attempt: 1 };
const BATCH = toBatchId('batch-1');
/** About 400 KB a write: a disk of 2 MB is full after a few. */
const LINES = Array.from({ length: 10 }, (_none, line) => ({ line, request: { prompt: 'p'.repeat(40_000), model: 'm' } }));

describe('a path that cannot be a store is named, with what to do, when it is', () => {
  test('a folder', async () => {
    const folder = await newFolder();

    await expectRefusal(openSqliteTaskStore(folder), folder, 'check the path and its rights');
  });

  test('below a file', async () => {
    const file = join(await newFolder(), 'letter');
    await writeFile(file, 'a letter');

    await expectRefusal(openSqliteTaskStore(join(file, 'anyport.db')), join(file, 'anyport.db'), 'check the path and its rights');
  });

  test('a store that was damaged', async () => {
    const file = join(await newFolder(), 'anyport.db');
    await (await openSqliteTaskStore(file)).close();
    const handle = await open(file, 'r+');
    await handle.write(Buffer.alloc(3_000, 'x'), 0, 3_000, 200);
    await handle.close();

    await expectRefusal(openSqliteTaskStore(file), file, 'restore it from a backup, or choose another data folder');
  });
});

/** Root is bound by no rights: the process drops to nobody then. */
describe('a store whose owner took the rights away is named, with what to do', () => {
  test('a file that may not be written', async () => {
    const file = await newStoreOfNobody();
    await chmod(file, 0o444);

    await expectRefusal(startAsNobody().open(file), file, 'check the path and its rights');
  });

  test('a folder in which nothing may be made', async () => {
    const folder = await newFolderOfNobody();
    const file = join(folder, 'anyport.db');
    await chmod(folder, 0o555);

    await expectRefusal(startAsNobody().open(file), file, 'check the path and its rights');
  });

  test('a file that may be written, in a folder in which nothing may be made beside it', async () => {
    const file = await newStoreOfNobody();
    await chmod(join(file, '..'), 0o555);

    await expectRefusal(startAsNobody().open(file), file, /check (that its folder exists, is writable|their rights)/);
  });
});

test('a store that another process holds for too long is named, and goes on when it is let go', async () => {
  const file = join(await newFolder(), 'anyport.db');
  const store = await openSqliteTaskStore(file);
  onTestFinished(() => store.close());
  const holder = new DatabaseSync(file);
  onTestFinished(() => holder.close());
  holder.exec('BEGIN IMMEDIATE');

  await expectRefusal(store.startAttempt(KEY, deploymentAt('openai')), file, 'see which process holds it');

  holder.exec('ROLLBACK');
  expect(await store.startAttempt(KEY, deploymentAt('openai'))).toMatchObject({ isNew: true });
});

describe('a store that cannot grow is named, keeps what it has, and goes on when there is room', () => {
  test.skipIf(!canMount)('on a disk that is full (skipped where no file system can be mounted)', async () => {
    const folder = await mountMemory('2m');
    const file = join(folder, 'anyport.db');
    const store = await openSqliteTaskStore(file);
    onTestFinished(() => store.close());
    await store.startAttempt(KEY, deploymentAt('openai'));
    const filler = join(folder, 'filler');
    await fillDisk(filler);
    await expectRefusal(fill(store), file, 'make room and the tasks go on');

    await rm(filler);

    await expectToGoOn(store);
  });

  test.skipIf(process.platform !== 'linux')(
    'at the limit of a file’s size, as a quota is (skipped outside of Linux)',
    async () => {
      const file = join(await newFolder(), 'anyport.db');
      const limited = startStoreProcess(['prlimit', '--fsize=600000:unlimited']);
      onTestFinished(() => limited.kill());
      const store = await limited.open(file);
      await store.startAttempt(KEY, deploymentAt('openai'));
      await expectRefusal(fill(store), file, 'make room');

      await run('prlimit', [`--pid=${limited.pid}`, '--fsize=unlimited']);

      await expectToGoOn(store);
    },
  );
});

async function expectRefusal(attempt: Promise<unknown>, file: string, remedy: string | RegExp): Promise<void> {
  const error: unknown = await attempt.then(
    () => 'nothing was refused',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TaskStoreError);
  expect(String(error)).toContain(`${file} `);
  expect(String(error)).toMatch(remedy);
}

/** Writes more than there is room for. */
async function fill(store: TaskStore): Promise<void> {
  for (let batch = 0; batch < 100; batch += 1) await store.putBatchLines(toBatchId(`batch-${batch}`), LINES);
}

/** A write that was refused has left nothing, what was written before is there, and the same writes succeed now. */
async function expectToGoOn(store: TaskStore): Promise<void> {
  expect(await store.startAttempt(KEY, deploymentAt('openai'))).toMatchObject({ isNew: false });
  await store.putBatchLines(BATCH, LINES);
  await store.updateAttempt(KEY, { kind: 'cancelled' });
  expect(await store.getBatchLine(BATCH, 9)).toEqual(LINES[9]?.request);
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'anyport-store-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function newFolderOfNobody(): Promise<string> {
  const folder = join(await newFolder(), 'data');
  await mkdir(folder);
  onTestFinished(() => chmod(folder, 0o755));
  if (isRoot) {
    await chmod(join(folder, '..'), 0o755);
    await chown(folder, NOBODY, NOBODY);
  }
  return folder;
}

const NOBODY = 65_534;

async function newStoreOfNobody(): Promise<string> {
  const file = join(await newFolderOfNobody(), 'anyport.db');
  const owner = startAsNobody();
  await (await owner.open(file)).close();
  await owner.kill();
  return file;
}

function startAsNobody() {
  const through = isRoot ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];
  const started = startStoreProcess(through);
  onTestFinished(() => started.kill());
  return started;
}

async function mountMemory(size: string): Promise<string> {
  const folder = await newFolder();
  await run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
  onTestFinished(async () => void (await run('umount', [folder])));
  return folder;
}

async function canMountMemory(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'anyport-mount-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
    await run('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function fillDisk(file: string): Promise<void> {
  const handle = await open(file, 'w');
  const refusal: unknown = await writeEndlessly(handle.write.bind(handle)).catch((error: unknown) => error);
  await handle.close();
  expect(refusal).toMatchObject({ code: 'ENOSPC' });
}

async function writeEndlessly(write: (block: Buffer) => Promise<unknown>): Promise<never> {
  for (;;) await write(Buffer.alloc(4_096, 'x'));
}
