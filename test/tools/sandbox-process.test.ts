import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { createSandbox } from '../../activities/sandbox/create-sandbox.ts';
import { probeBubblewrap } from '../../activities/sandbox/probe-sandbox.ts';
import type { SandboxProcess } from '../../activities/sandbox/sandbox.ts';
import { isRunning, scratchFolder, uniqueSleep } from './tool-scene.ts';

const probe = await probeBubblewrap();
const TERMINAL = { columns: 100, rows: 30 };
/** For a machine that does much else. */
const PATIENCE = { timeout: 10_000 };

interface Started {
  readonly process: SandboxProcess;
  printed(): string;
}

async function start(name: 'bubblewrap' | 'none', script: string, isTerminal = true): Promise<Started> {
  const workspace = scratchFolder();
  const chunks: Buffer[] = [];
  const process = await createSandbox(name).start({
    argv: ['/bin/sh', '-c', script],
    workspace,
    workingDirectory: workspace,
    ...(isTerminal ? { terminal: TERMINAL } : {}),
    timeoutMs: 60_000,
    onOutput: (chunk) => chunks.push(chunk),
  });
  return { process, printed: () => Buffer.concat(chunks).toString() };
}

describe.each(['none', 'bubblewrap'] as const)('%s', (name) => {
  const runs = name === 'none' || probe.kind === 'usable';
  const why = runs ? '' : ` (skipped: ${probe.kind === 'unusable' ? probe.reason : ''})`;

  test.skipIf(!runs)(`a command in a terminal knows its size and answers what is typed${why}`, async () => {
    const { process, printed } = await start(name, 'test -t 0 && stty size; read word; echo "<$word>"; exit 7');
    await vi.waitFor(() => expect(printed()).toBe('30 100\r\n'), PATIENCE);

    const isTyped = process.write('yes\n');

    expect([isTyped, await process.ended]).toEqual([true, { kind: 'exited', code: 7 }]);
    expect(printed()).toBe('30 100\r\nyes\r\n<yes>\r\n');
    expect(process.write('more\n')).toBe(false);
  });

  test.skipIf(!runs).each([true, false])(
    `nothing is left of a command that is killed while it is started, terminal %s${why}`,
    async (isTerminal) => {
      const sleeps = Array.from({ length: 60 }, uniqueSleep);

      await Promise.all(
        sleeps.map(async (sleep, index) => {
          const { process } = await start(name, `setsid ${sleep} & exec ${sleep}`, isTerminal);
          await delay(index % 20);
          process.kill();
          expect(await process.ended).toEqual({ kind: 'cancelled' });
        }),
      );

      await vi.waitFor(() => expect(sleeps.filter(isRunning)).toEqual([]), PATIENCE);
    },
    // 60 guards, each a Node process, start at once.
    120_000,
  );

  test.skipIf(!runs)(`ctrl-C reaches the command, which may go on${why}`, async () => {
    const { process, printed } = await start(name, 'trap "echo caught" INT; echo ready; read a; read b; echo "$b"; exit 5');
    await vi.waitFor(() => expect(printed()).toContain('ready'), PATIENCE);

    process.write('\u0003');
    await vi.waitFor(() => expect(printed()).toContain('caught'), PATIENCE);
    process.write('one\n');
    process.write('two\n');

    expect(await process.ended).toMatchObject({ kind: 'exited' });
  });

  test.skipIf(!runs)(`ctrl-C ends a command that does not care for it, and ctrl-D its input${why}`, async () => {
    const [slept, read] = [
      await start(name, 'echo ready; sleep 600; echo never'),
      await start(name, 'echo ready; cat; echo end'),
    ];
    for (const { printed } of [slept, read]) await vi.waitFor(() => expect(printed()).toContain('ready'), PATIENCE);

    read.process.write('\u0004');
    // A shell that is just starting the command may miss a key, as at any terminal: one presses it again.
    let hasEnded = false;
    void slept.process.ended.then(() => (hasEnded = true));
    await vi.waitFor(() => {
      slept.process.write('\u0003');
      expect(hasEnded).toBe(true);
    }, PATIENCE);

    expect(await slept.process.ended).toEqual({ kind: 'exited', code: 130 });
    expect(slept.printed()).not.toContain('never');
    expect(await read.process.ended).toEqual({ kind: 'exited', code: 0 });
  });

  test.skipIf(!runs)(`the jobs of an interactive shell are in the foreground one after the other${why}`, async () => {
    const { process, printed } = await start(name, 'PS1="ready> " exec /bin/bash --norc -i');
    await vi.waitFor(() => expect(printed()).toContain('ready> '), PATIENCE);

    process.write('sleep 600\n');
    await vi.waitFor(() => expect(printed()).toContain('sleep 600'), PATIENCE);
    process.write('\u0003');
    process.write('echo $((6 * 7))\n');
    await vi.waitFor(() => expect(printed()).toContain('42'), PATIENCE);
    process.write('exit 3\n');

    expect(await process.ended).toEqual({ kind: 'exited', code: 3 });
  });

  test.skipIf(!runs)(`gives all that a terminal shows before its end${why}`, async () => {
    const { process, printed } = await start(name, 'seq 200000');

    await process.ended;

    expect(printed().split('\r\n').slice(-2)).toEqual(['200000', '']);
    expect(printed()).toHaveLength(1_288_895 + 200_000);
  });

  test.skipIf(!runs)(`a command without a terminal has an empty input and cannot be written to${why}`, async () => {
    const { process, printed } = await start(name, 'cat; test -t 0 || echo none', false);

    expect(process.write('x')).toBe(false);
    expect([await process.ended, printed()]).toEqual([{ kind: 'exited', code: 0 }, 'none\n']);
  });

  test.skipIf(!runs).each(['terminal', 'pipes'])(`kill ends the whole tree of a command with %s${why}`, async (form) => {
    const sleep = uniqueSleep();
    const { process } = await start(name, `${sleep} & setsid ${sleep} & ${sleep}`, form === 'terminal');
    await vi.waitFor(() => expect(isRunning(sleep)).toBe(true), PATIENCE);

    process.kill();

    expect(await process.ended).toEqual({ kind: 'cancelled' });
    await vi.waitFor(() => expect(isRunning(sleep)).toBe(false), PATIENCE);
  });

  test.skipIf(!runs)(`a command that ends takes what it left in its terminal along${why}`, async () => {
    const sleep = uniqueSleep();
    const { process } = await start(name, `setsid ${sleep} & echo on; exit 0`);

    expect(await process.ended).toEqual({ kind: 'exited', code: 0 });
    await vi.waitFor(() => expect(isRunning(sleep)).toBe(false), PATIENCE);
  });

  test.skipIf(!runs)(`nothing in a terminal outlives a worker that is killed${why}`, async () => {
    const [sleep, workspace] = [uniqueSleep(), scratchFolder()];
    const module = join(import.meta.dirname, '../../activities/sandbox/create-sandbox.ts');
    const argv = ['/bin/sh', '-c', `trap "" HUP; setsid ${sleep} & nohup ${sleep} & ${sleep}`];
    const request = { argv, workspace, workingDirectory: workspace, terminal: TERMINAL };
    const script = `import { createSandbox } from ${JSON.stringify(module)};
      await (await createSandbox('${name}').start({ ...${JSON.stringify(request)}, onOutput: () => {} })).ended;`;
    const worker = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    await vi.waitFor(() => expect(isRunning(sleep)).toBe(true), PATIENCE);

    worker.kill('SIGKILL');
    await once(worker, 'exit');

    await vi.waitFor(() => expect(isRunning(sleep)).toBe(false), PATIENCE);
  });

  test.skipIf(!runs)(`no command inherits the terminal of another${why}`, async () => {
    const { process: other } = await start(name, 'echo $$; read wait');
    const { process, printed } = await start(name, 'ls -l /proc/self/fd', false);

    await process.ended;
    other.kill();
    await other.ended;

    expect(printed()).toContain('/proc/');
    expect(printed()).not.toMatch(/ptmx|\/dev\/pts/);
  });

  test.skipIf(!runs)(`says when a program is not there${why}`, async () => {
    const workspace = scratchFolder();
    const chunks: Buffer[] = [];
    const request = { argv: ['/no/such/program'], workspace, workingDirectory: workspace, terminal: TERMINAL };

    const process = await createSandbox(name).start({ ...request, onOutput: (chunk) => chunks.push(chunk) });

    expect(await process.ended).toMatchObject({ kind: 'exited', code: expect.toSatisfy((code) => code !== 0) });
    expect(Buffer.concat(chunks).toString()).toMatch(/no such file|not found/i);
  });
});
