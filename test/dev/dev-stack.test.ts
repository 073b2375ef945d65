import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { findTemporalBinary } from '../../scripts/temporal-binary.mjs';
import type { DevRecord } from '../../workers/dev/dev-record.ts';
import { readDevRecord } from '../../workers/dev/dev-record.ts';
import { isAlive } from './is-alive.ts';
import { scratchDirectory } from './scratch-directory.ts';

const MAIN = fileURLToPath(new URL('../../workers/dev/main.ts', import.meta.url));
const hasTemporal = (await findTemporalBinary()) !== undefined;
/** The first worker bundles the workflows; a busy machine takes its time. */
const SLOW_MS = 120_000;
/** The promise is "a few seconds". */
const GONE = { timeout: 15_000, interval: 50 };

interface RunningDev {
  readonly process: ChildProcess;
  readonly lines: readonly string[];
  readonly record: DevRecord;
  readonly workerPid: number;
}

/** Skipped without a Temporal binary: run node scripts/bootstrap.mjs. */
const testWithServer = test.skipIf(!hasTemporal);

testWithServer('says loudly that the clouds are emulated, and where everything is', { timeout: SLOW_MS }, async () => {
  const data = scratchDirectory();

  const { lines, record } = await startDev(data);

  const text = lines.join('\n');
  expect(text).toContain('EMULATED CLOUDS');
  expect(text).toContain(record.temporalAddress);
  expect(text).toContain(record.uiAddress);
  const [, door = ''] = /HTTP door +(http:\S+)/.exec(text) ?? [];
  expect(await (await fetch(`${door}/anyport/v1/healthz`)).json()).toEqual({ status: 'ok' });
  expect(record).toMatchObject({ namespace: 'default', emulated: true });
  expect(Object.keys(record.controls)).toContain('openai');
});

testWithServer('stops everything in order on Ctrl-C and ends with 0', { timeout: SLOW_MS }, async () => {
  const data = scratchDirectory();
  const { process: dev, workerPid } = await startDev(data);

  dev.kill('SIGINT');
  const [code] = await once(dev, 'exit');

  expect(code).toBe(0);
  expect(isAlive(workerPid)).toBe(false);
  expect(existsSync(join(data, 'dev.json'))).toBe(false);
});

testWithServer('leaves nothing behind when it is killed outright, and the next start goes on', { timeout: SLOW_MS }, async () => {
  const data = scratchDirectory();
  const first = await startDev(data);

  first.process.kill('SIGKILL');

  await expect.poll(() => isAlive(first.workerPid), GONE).toBe(false);
  await expect.poll(() => answers(first.record.uiAddress), GONE).toBe(false);
  expect(readDevRecord(data)).toBeUndefined();
  const second = await startDev(data);
  expect(second.record.pid).toBe(second.process.pid);
});

testWithServer('starts another worker when one is killed outright', { timeout: SLOW_MS }, async () => {
  const { process: dev, workerPid } = await startDev(scratchDirectory());
  const next = lineMatching(dev, /^worker is up again \(process (\d+)\)$/);

  process.kill(workerPid, 'SIGKILL');

  const [, pid] = await next;
  expect(Number(pid)).not.toBe(workerPid);
});

testWithServer('a second one on the same data is refused with the process of the first', { timeout: SLOW_MS }, async () => {
  const data = scratchDirectory();
  const first = await startDev(data);

  const { code, stderr } = await runDev(['--data', data]);

  expect(code).toBe(1);
  expect(stderr).toContain(`is in use by a running "anyport dev" (process ${first.process.pid})`);
  expect(readDevRecord(data)?.pid).toBe(first.process.pid);
});

testWithServer('a conversation script that is not valid is told, and nothing is left running', { timeout: SLOW_MS }, async () => {
  const data = scratchDirectory();

  const { code, stderr } = await runDev(['--data', data, '--scripts', join(data, 'no-such-folder')]);

  expect(code).toBe(1);
  expect(stderr).toContain('no-such-folder');
  expect(existsSync(join(data, 'dev.json'))).toBe(false);
});

/** Without any cloud's variable, so that the emulated ones are taken; with a home of its own, so that no file there counts. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME, XDG_CACHE_HOME } = process.env;
  return {
    PATH,
    XDG_CACHE_HOME: XDG_CACHE_HOME ?? join(HOME ?? '/', '.cache'),
    HOME: scratchDirectory(),
    ANYPORT_SANDBOX: 'optional',
  };
}

function spawnDev(args: readonly string[]) {
  // A folder without anyport.yaml.
  const dev = spawn(process.execPath, [MAIN, ...args], {
    cwd: scratchDirectory(),
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(async () => {
    dev.kill('SIGINT');
    if (dev.exitCode === null && dev.signalCode === null) await once(dev, 'exit');
  });
  return dev;
}

async function startDev(data: string): Promise<RunningDev> {
  const dev = spawnDev(['--data', data]);
  const lines: string[] = [];
  const errors: string[] = [];
  createInterface({ input: dev.stdout }).on('line', (line) => lines.push(line));
  createInterface({ input: dev.stderr }).on('line', (line) => errors.push(line));
  await Promise.race([lineMatching(dev, /^ready: /), once(dev, 'exit')]);
  const record = readDevRecord(data);
  const worker = lines.flatMap((line) => /^ +worker +process (\d+)$/.exec(line)?.[1] ?? [])[0];
  if (record === undefined || worker === undefined) throw new Error([...lines, ...errors].join('\n'));
  return { process: dev, lines, record, workerPid: Number(worker) };
}

async function runDev(args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  const dev = spawnDev(args);
  let stderr = '';
  dev.stdout.resume();
  dev.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  await once(dev, 'close');
  return { code: dev.exitCode, stderr };
}

function lineMatching(dev: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  const { stdout } = dev;
  if (stdout === null) throw new Error('started without a pipe');
  return new Promise((resolve) => {
    createInterface({ input: stdout }).on('line', (line) => {
      const match = pattern.exec(line);
      if (match !== null) resolve(match);
    });
  });
}

async function answers(url: string | null): Promise<boolean> {
  try {
    return (await fetch(url ?? '')).ok;
  } catch {
    return false;
  }
}
