import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { createSandbox } from '../../activities/sandbox/create-sandbox.ts';
import { probeBubblewrap } from '../../activities/sandbox/probe-sandbox.ts';
import type { CommandRequest, CommandResult } from '../../activities/sandbox/sandbox.ts';
import { OUTPUT_LIMIT_BYTES } from '../../activities/sandbox/sandbox.ts';
import { isRunning, scratchFolder, uniqueSleep } from './tool-scene.ts';

const probe = await probeBubblewrap();
const withoutBubblewrap = probe.kind === 'usable' ? '' : ` (skipped: ${probe.reason})`;

function run(name: 'bubblewrap' | 'none', script: string, overrides: Partial<CommandRequest> = {}): Promise<CommandResult> {
  const workspace = overrides.workspace ?? scratchFolder();
  const request = {
    argv: ['/bin/sh', '-c', script],
    workspace,
    workingDirectory: workspace,
    timeoutMs: 30_000,
    signal: new AbortController().signal,
  };
  return createSandbox(name).run({ ...request, ...overrides });
}

describe.each(['none', 'bubblewrap'] as const)('%s', (name) => {
  const runs = name === 'none' || probe.kind === 'usable';
  const why = runs ? '' : withoutBubblewrap;

  test.skipIf(!runs)(`gives the exit code and both streams in order${why}`, async () => {
    const result = await run(name, 'echo a; echo b >&2; echo c; exit 7');

    expect(result).toMatchObject({ output: 'a\nb\nc\n', outputBytes: 6, end: { kind: 'exited', code: 7 } });
  });

  test.skipIf(!runs)(`keeps head and tail of 100 MB${why}`, async () => {
    const result = await run(name, 'echo first; head -c 100000000 /dev/zero | tr "\\0" x; echo last');

    expect(result.outputBytes).toBe(100_000_011);
    expect(Buffer.byteLength(result.output)).toBeLessThanOrEqual(OUTPUT_LIMIT_BYTES);
    expect(result.output).toMatch(/^first\nx+\n\.\.\. \d+ bytes omitted \.\.\.\nx+last\n$/);
  });

  test.skipIf(!runs)(`kills the whole tree when the time is over${why}`, async () => {
    const sleep = uniqueSleep();

    const result = await run(name, `${sleep} & setsid ${sleep} & ${sleep}`, { timeoutMs: 500 });

    expect(result.end).toEqual({ kind: 'timed-out' });
    await vi.waitFor(() => expect(isRunning(sleep)).toBe(false));
  });

  test.skipIf(!runs)(`kills the whole tree on cancel${why}`, async () => {
    const [sleep, abort] = [uniqueSleep(), new AbortController()];
    const running = run(name, `setsid ${sleep} & ${sleep}`, { signal: abort.signal });
    await vi.waitFor(() => expect(isRunning(sleep)).toBe(true), 10_000);

    abort.abort();

    expect((await running).end).toEqual({ kind: 'cancelled' });
    await vi.waitFor(() => expect(isRunning(sleep)).toBe(false));
  });

  test.skipIf(!runs)(`leaves nothing behind when a command ends or the worker is killed${why}`, async () => {
    const [left, lost, workspace] = [`${uniqueSleep()}1`, `${uniqueSleep()}2`, scratchFolder()];
    await run(name, `setsid ${left} & exit 0`);
    const module = join(import.meta.dirname, '../../activities/sandbox/create-sandbox.ts');
    const request = {
      argv: ['/bin/sh', '-c', `setsid ${lost} & ${lost}`],
      workspace,
      workingDirectory: workspace,
      timeoutMs: 60_000,
    };
    const script = `import { createSandbox } from ${JSON.stringify(module)};
      await createSandbox('${name}').run({ ...${JSON.stringify(request)}, signal: new AbortController().signal });`;
    const worker = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    await vi.waitFor(() => expect(isRunning(lost)).toBe(true), 10_000);

    worker.kill('SIGKILL');
    await once(worker, 'exit');

    await vi.waitFor(() => expect([isRunning(left), isRunning(lost)]).toEqual([false, false]), 10_000);
  });

  test.skipIf(!runs)(`shows commands nothing of the worker's environment${why}`, async () => {
    vi.stubEnv('ANYPORT_TEST_SECRET', 'hush');

    const result = await run(name, 'env');

    vi.unstubAllEnvs();
    expect(result.output).not.toContain('hush');
    expect(result.output).toContain('CI=1');
  });
});

test.skipIf(probe.kind !== 'usable')(
  `bubblewrap lets a command write in the workspace only, and reach no network${withoutBubblewrap}`,
  async () => {
    const [outside, workspace] = [scratchFolder(), scratchFolder()];
    writeFileSync(join(outside, 'secret'), 'hush');

    const script = `cat "${outside}/secret"; cat /etc/shadow; echo x > /etc/x; echo x > /x; echo x > "${outside}/x"; ls /sys/class/net /proc/net; cat /proc/net/route | wc -l; echo x > mine; id -u`;
    const { output } = await run('bubblewrap', script, { workspace });

    expect(output).not.toContain('hush');
    expect(output.trim().split('\n').slice(-2)).toEqual(['1', '65530']);
    expect(existsSync(join(outside, 'x'))).toBe(false);
    expect(existsSync(join(workspace, 'mine'))).toBe(true);
  },
);
