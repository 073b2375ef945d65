import { expect, onTestFinished, test, vi } from 'vitest';
import type { ChildProcessOptions } from '../../workers/dev/child-process.ts';
import { startChild } from '../../workers/dev/child-process.ts';
import { keepRunning } from '../../workers/dev/keep-running.ts';
import { isAlive } from './is-alive.ts';

/** Node starts in 0.05 s; a busy machine takes its time. */
vi.setConfig({ testTimeout: 30_000 });

const READY = `console.log(JSON.stringify({ ready: true })); process.stdin.resume(); process.stdin.on('close', () => process.exit(0));`;
const STUBBORN = `console.log('{}'); setInterval(() => {}, 1000);`;

test('a process is started when it has reported itself ready, and ends when its lifeline closes', async () => {
  const child = await startChild(aProgram(READY));
  expect(child.report).toEqual({ ready: true });

  const exit = await child.stop();

  expect(exit).toMatchObject({ code: 0, signal: null });
});

test('a process that does not heed its lifeline is killed', async () => {
  const child = await startChild(aProgram(STUBBORN));

  const exit = await child.stop();

  expect(exit.signal).toBe('SIGKILL');
});

test('a process that ends before it is ready fails with its last words', async () => {
  const program = aProgram(`console.error('no such configuration'); process.exit(3);`);

  await expect(startChild(program)).rejects.toThrow(
    'the test program ended at once (exit code 3). It said:\nno such configuration',
  );
});

test('a process that is not ready in time is killed and said so', async () => {
  const program = { ...aProgram(`setInterval(() => {}, 1000);`), readyTimeoutMs: 300 };

  await expect(startChild(program)).rejects.toThrow('the test program was not ready after 0.3 s');
});

test('a process that reports anything but JSON is refused', async () => {
  await expect(startChild(aProgram(`console.log('hello');`))).rejects.toThrow(
    'said "hello" where it should say that it is ready',
  );
});

test('a program that is not there is an error with its name', async () => {
  await expect(startChild({ ...aProgram(''), command: '/no/such/program' })).rejects.toThrow('/no/such/program');
});

test('a kept process that is killed is started again, and said so', async () => {
  const said: string[] = [];
  const kept = await keepRunning({ name: 'program', start: () => startChild(aProgram(READY)), say: (line) => said.push(line) });
  onTestFinished(() => kept.stop());
  const first = await kept.running();

  first.kill();
  await first.exited;
  await expect.poll(() => kept.current()?.pid ?? first.pid, { timeout: 10_000 }).not.toBe(first.pid);

  expect(isAlive(first.pid)).toBe(false);
  expect(said[0]).toBe(`program (process ${first.pid}) died: killed by SIGKILL. Starting another one.`);
});

test('a kept process whose next start fails is tried again', async () => {
  const said: string[] = [];
  let starts = 0;
  const start = () => startChild(aProgram((starts += 1) === 2 ? 'process.exit(1)' : READY));
  const kept = await keepRunning({ name: 'program', start, say: (line) => said.push(line) });
  onTestFinished(() => kept.stop());
  const first = await kept.running();

  first.kill();
  await first.exited;
  await expect.poll(() => starts, { timeout: 10_000 }).toBe(3);

  expect(said).toContainEqual(expect.stringContaining('program does not come up: the test program ended at once (exit code 1)'));
});

test('what is to be done for one that died can wait for the next one', async () => {
  const done = Promise.withResolvers<readonly number[]>();
  const kept = await keepRunning({
    name: 'program',
    start: () => startChild(aProgram(READY)),
    say: () => undefined,
    onDeath: async (child, next) => done.resolve([child.pid, (await next).pid]),
  });
  onTestFinished(() => kept.stop());
  const first = await kept.running();

  first.kill();

  const [dead, next] = await done.promise;
  expect(dead).toBe(first.pid);
  expect(next).toBe((await kept.running()).pid);
  expect(next).not.toBe(first.pid);
});

test('a kept process that is stopped stays down', async () => {
  let starts = 0;
  const start = () => {
    starts += 1;
    return startChild(aProgram(READY));
  };
  const kept = await keepRunning({ name: 'program', start, say: () => undefined });
  const { pid } = await kept.running();

  await kept.stop();

  expect(isAlive(pid)).toBe(false);
  expect(starts).toBe(1);
});

function aProgram(source: string): ChildProcessOptions {
  return {
    name: 'test program',
    command: process.execPath,
    args: ['-e', source],
    environment: process.env,
    readyTimeoutMs: 20_000,
  };
}
