import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { APPLICATION_ID, MIGRATIONS } from '../../activities/store/migrations.ts';
import { toTaskStoreError } from '../../activities/store/sqlite-failure.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import { testTaskStore } from './task-store-contract.ts';

describe('SQLite', () => {
  testTaskStore(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'anyport-store-'));
    const file = join(folder, 'sub', 'anyport.db');
    return { open: () => openSqliteTaskStore(file), remove: () => rm(folder, { recursive: true }) };
  });
});

test('refuses a file that is no database, and names it', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'anyport-store-')), 'x.db');
  await writeFile(file, 'this is a letter, not a database. '.repeat(100));

  await expect(openSqliteTaskStore(file)).rejects.toThrow(`${file} is no SQLite database`);
});

test('refuses a database of another program and one of a newer schema', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'anyport-store-'));
  const [foreign, newer] = [join(folder, 'foreign.db'), join(folder, 'newer.db')];
  new DatabaseSync(foreign).exec('CREATE TABLE other (x)');
  await (await openSqliteTaskStore(newer)).close();
  new DatabaseSync(newer).exec('PRAGMA user_version = 99');

  await expect(openSqliteTaskStore(foreign)).rejects.toThrow('another program');
  await expect(openSqliteTaskStore(newer)).rejects.toThrow('newer Anyport (schema 99');
});

test('brings a store of the first schema up to date with all that is in it', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'anyport-store-')), 'old.db');
  const old = new DatabaseSync(file);
  old.exec(`${MIGRATIONS[0]}; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1`);
  old.exec(`INSERT INTO attempts VALUES ('t', 1, 1, 'openai/m', 'started', '{"kind":"started"}')`);
  old.close();

  const store = await openSqliteTaskStore(file);

  const [attempt] = await store.listAttempts(toTaskId('t'));
  expect(attempt).toMatchObject({ deployment: 'openai/m', state: { kind: 'started' } });
  expect(attempt?.reserve).toBeUndefined();
  await store.close();
});

test('says that a disk is full', () => {
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE t (x); PRAGMA max_page_count = 2');
  const fill = (): void => database.exec(`INSERT INTO t VALUES ('${'x'.repeat(100_000)}')`);

  let caught: unknown;
  try {
    fill();
  } catch (error) {
    caught = error;
  }
  expect(toTaskStoreError(caught, '/data/a.db').message).toContain('/data/a.db cannot grow: its disk is full');
});

test('loses no change of a shared record that two processes make at the same time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'anyport-store-'));
  const file = join(folder, 'a.db');
  const program = fileURLToPath(new URL('./count-up.ts', import.meta.url));
  const run = promisify(execFile);

  await Promise.all([1, 2].map(() => run(process.execPath, [program, file, '200', '2'])));

  const store = await openSqliteTaskStore(file);
  expect(await store.readShared(['count'])).toEqual([{ key: 'count', epoch: 400, value: 400 }]);
  await store.close();
  await rm(folder, { recursive: true });
});
