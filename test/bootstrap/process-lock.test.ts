import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withLock } from '../../scripts/bootstrap/process-lock.mjs';
import { scratchDirectory } from '../dev/scratch-directory.ts';

const nobody = () => undefined;

test('two that want the lock work one after the other, and the second says whom it waits for', async () => {
  const lock = join(scratchDirectory(), 'lock');
  const events: string[] = [];
  const release = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const first = withLock(lock, nobody, async () => {
    events.push('first in');
    held.resolve();
    await release.promise;
    events.push('first out');
  });
  await held.promise;

  const second = withLock(
    lock,
    (pid) => {
      events.push(`waits for ${pid === process.pid ? 'us' : pid}`);
      release.resolve();
    },
    async () => void events.push('second in'),
  );
  await Promise.all([first, second]);

  expect(events).toEqual(['first in', 'waits for us', 'first out', 'second in']);
});

test('a lock is given back when the work fails', async () => {
  const lock = join(scratchDirectory(), 'lock');

  await expect(withLock(lock, nobody, () => Promise.reject(new Error('no')))).rejects.toThrow('no');

  expect(existsSync(lock)).toBe(false);
});

test('a lock whose holder is dead is taken over', async () => {
  const lock = aLock(deadPid());

  expect(await withLock(lock, nobody, async () => 'done')).toBe('done');
});

test('a lock that nobody has touched for long is taken over, whoever has its process id now', async () => {
  const lock = aLock(process.pid);
  utimesSync(lock, 0, 0);

  expect(await withLock(lock, nobody, async () => 'done')).toBe('done');
});

function aLock(pid: number): string {
  const lock = join(scratchDirectory(), 'lock');
  mkdirSync(lock);
  writeFileSync(join(lock, 'pid'), String(pid));
  return lock;
}

function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}
