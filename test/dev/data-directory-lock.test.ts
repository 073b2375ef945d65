import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { lockDataDirectory } from '../../workers/dev/data-directory-lock.ts';
import { scratchDirectory } from './scratch-directory.ts';

const LOCK_MODULE = new URL('../../workers/dev/data-directory-lock.ts', import.meta.url).href;

test('a second stack on the same folder is refused with the process that has it', async () => {
  const directory = scratchDirectory();
  const holder = await holdInAnotherProcess(directory);

  expect(() => lockDataDirectory(directory)).toThrow(`${directory} is in use by a running "anyport dev" (process ${holder.pid})`);
});

test('the folder is free as soon as its holder was killed outright', async () => {
  const directory = scratchDirectory();
  const holder = await holdInAnotherProcess(directory);
  holder.kill('SIGKILL');
  await once(holder, 'exit');

  const lock = lockDataDirectory(directory);

  lock.release();
});

test('a released folder can be taken again', () => {
  const directory = scratchDirectory();
  lockDataDirectory(directory).release();

  const again = lockDataDirectory(directory);

  expect(() => lockDataDirectory(directory)).toThrow(`process ${process.pid}`);
  again.release();
});

test('a folder that cannot hold a lock is named', () => {
  const file = join(scratchDirectory(), 'dev.lock');
  writeFileSync(file, 'certainly no database'.repeat(100));

  expect(() => lockDataDirectory(join(file, '..'))).toThrow(/dev\.lock cannot be used: .*--data/);
});

async function holdInAnotherProcess(directory: string) {
  const program = `
    const { lockDataDirectory } = await import(${JSON.stringify(LOCK_MODULE)});
    globalThis.lock = lockDataDirectory(${JSON.stringify(directory)});
    console.log('held');
    setInterval(() => globalThis.lock, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(createInterface({ input: holder.stdout }), 'line');
  return holder;
}
