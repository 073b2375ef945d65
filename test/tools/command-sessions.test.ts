import fc from 'fast-check';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { createSandbox } from '../../activities/sandbox/create-sandbox.ts';
import { probeBubblewrap } from '../../activities/sandbox/probe-sandbox.ts';
import type { Sandbox } from '../../activities/sandbox/sandbox.ts';
import { CommandSession } from '../../activities/tools/command-session.ts';
import { CommandSessions } from '../../activities/tools/command-sessions.ts';
import type { ToolContext, ToolReturn } from '../../activities/tools/tool.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import type { ToolScene } from './tool-scene.ts';
import { aToolScene, isRunning, scratchFolder, uniqueSleep, writeFiles } from './tool-scene.ts';

const probe = await probeBubblewrap();
const hasBubblewrap = probe.kind === 'usable';
const why = hasBubblewrap ? '' : ` (skipped: ${probe.reason})`;
/** The shortest that a command is waited for before it is a session. */
const AT_ONCE = { yield_time_ms: 250 };

function outputOf({ output }: ToolReturn): string {
  return output.slice(output.indexOf('Output:\n') + 'Output:\n'.length);
}

function sessionOf({ output }: ToolReturn): number {
  const id = /^Process running with session ID (\d+)$/m.exec(output)?.[1];
  if (id === undefined) throw new Error(`no session: ${output}`);
  return Number(id);
}

/** A command that has become a session. */
async function startSession(scene: ToolScene, input: object, overrides?: Partial<ToolContext>): Promise<number> {
  return sessionOf(await scene.run('exec_command', { ...AT_ONCE, ...input }, overrides));
}

test('a command that has ended is reported in the words that models know', async () => {
  const result = await aToolScene(scratchFolder()).run('exec_command', { cmd: 'echo a; echo b >&2; exit 3' });

  expect(result.outcome).toBe('failed');
  expect(result.output).toMatch(
    /^Chunk ID: [0-9a-f]{6}\nWall time: \d+\.\d{4} seconds\nProcess exited with code 3\nOriginal token count: 1\nOutput:\na\nb\n$/,
  );
});

test('a command that still runs becomes a session, and each byte of its output is told once', async () => {
  const scene = aToolScene(scratchFolder());

  const first = await scene.run('exec_command', {
    ...AT_ONCE,
    cmd: 'echo one; while [ ! -e go ]; do sleep 0.02; done; echo two',
  });
  await scene.run('exec_command', { cmd: 'touch go' });
  const second = await scene.run('write_stdin', { session_id: sessionOf(first) });
  const third = await scene.run('write_stdin', { session_id: sessionOf(first) });

  expect([first.outcome, outputOf(first)]).toEqual(['ok', 'one\n']);
  expect(second).toEqual({
    outcome: 'ok',
    output: expect.stringMatching(/^Chunk ID: .*\nProcess exited with code 0\n.*\ntwo\n$/s),
  });
  expect(third).toEqual({ outcome: 'failed', output: expect.stringContaining('it has ended, and that was told') });
});

test('what is typed in a session is answered, and its end told', async () => {
  const scene = aToolScene(scratchFolder());
  const id = await startSession(scene, { cmd: 'read a; echo "<$a>"; read b; echo "<$b>"', tty: true });

  const first = await scene.run('write_stdin', { session_id: id, chars: 'ä\n', yield_time_ms: 3_000 });
  const second = await scene.run('write_stdin', { session_id: id, chars: 'b\n', yield_time_ms: 30_000 });

  expect([sessionOf(first), outputOf(first)]).toEqual([id, 'ä\r\n<ä>\r\n']);
  expect(second.output).toContain('Process exited with code 0');
});

test('ctrl-C ends a session with a terminal and one without', async () => {
  const scene = aToolScene(scratchFolder());
  const ids = [await startSession(scene, { cmd: 'sleep 600', tty: true }), await startSession(scene, { cmd: 'sleep 600' })];

  for (const session_id of ids) {
    const result = await scene.run('write_stdin', { session_id, chars: '\u0003', yield_time_ms: 30_000 });
    expect(result.output).toContain('Process exited with code 130\n');
  }
});

test('nothing can be typed in a session without a terminal', async () => {
  const scene = aToolScene(scratchFolder());
  const session_id = await startSession(scene, { cmd: 'sleep 600' });

  const result = await scene.run('write_stdin', { session_id, chars: 'x' });

  expect(result).toEqual({ outcome: 'refused', output: expect.stringContaining('"tty": true') });
});

test.each([
  ['an id that nobody gave', {}, 'host or worker was replaced'],
  ['the session of another task', { taskId: toTaskId('other') }, 'host or worker was replaced'],
])('says of %s that there is no such session', async (_name, overrides, reason) => {
  const scene = aToolScene(scratchFolder());
  const id = await startSession(scene, { cmd: 'sleep 600' });

  const result = await scene.run('write_stdin', { session_id: 'taskId' in overrides ? id : 86189 }, overrides);

  expect(result).toEqual({ outcome: 'failed', output: expect.stringContaining(reason) });
});

test('ends the session that was called the longest ago when a task has too many, and says so', async () => {
  const scene = aToolScene(scratchFolder(), new CommandSessions({ maxPerTask: 2 }));
  const [first, second] = [uniqueSleep(), uniqueSleep()];
  const ids = [await startSession(scene, { cmd: `exec ${first}` }), await startSession(scene, { cmd: `exec ${second}` })];

  const third = await scene.run('exec_command', { cmd: 'echo room' });

  expect(third.output).toContain(`Warning: session ${ids[0]} was ended`);
  expect([isRunning(first), isRunning(second)]).toEqual([false, true]);
  const gone = await scene.run('write_stdin', { session_id: ids[0] });
  expect(gone).toEqual({ outcome: 'failed', output: expect.stringContaining('make room') });
});

test('a command that is waited for is never ended to make room', async () => {
  const folder = scratchFolder();
  const scene = aToolScene(folder, new CommandSessions({ maxPerTask: 1 }));
  const running = scene.run('exec_command', { cmd: 'touch started; while [ ! -e go ]; do sleep 0.02; done; echo done' });
  await vi.waitFor(() => expect(existsSync(join(folder, 'started'))).toBe(true), 10_000);

  const second = scene.run('exec_command', { cmd: 'touch go' });

  expect(await second).toEqual({ outcome: 'refused', output: expect.stringContaining('the most there may be') });
  const { sessions } = scene;
  await sessions.close();
  expect((await running).output).toContain('was killed');
});

test('two commands that come at once do not get the same place', async () => {
  const scene = aToolScene(scratchFolder(), new CommandSessions({ maxPerTask: 1 }));

  const both = [1, 2].map(() => scene.run('exec_command', { cmd: 'while [ ! -e go ]; do sleep 0.02; done' }));
  expect(await Promise.race(both)).toEqual({ outcome: 'refused', output: expect.stringContaining('the most there may be') });
  await scene.sessions.close();

  expect((await Promise.all(both)).map(({ outcome }) => outcome)).toContain('refused');
});

test('a session that nobody calls is ended, and the next call is told', async () => {
  const scene = aToolScene(scratchFolder(), new CommandSessions({ idleMs: 50 }));
  const sleep = uniqueSleep();
  const session_id = await startSession(scene, { cmd: `echo last words; exec ${sleep}` });

  await vi.waitFor(() => expect(isRunning(sleep)).toBe(false), 10_000);

  expect((await scene.run('write_stdin', { session_id })).output).toMatch(/because no call asked for it/);
});

test('a command is killed when its time is over, also as a session', async () => {
  const scene = aToolScene(scratchFolder());

  const short = await scene.run('exec_command', { cmd: 'sleep 600', timeout_ms: 50 });
  const session_id = await startSession(scene, { cmd: 'echo on; sleep 600', timeout_ms: 600 });
  const long = await scene.run('write_stdin', { session_id });

  for (const { outcome, output } of [short, long])
    expect([outcome, output]).toEqual(['failed', expect.stringContaining('longer than')]);
});

test.each(['exec_command', 'write_stdin'])('a cancelled call of %s kills the whole tree before it returns', async (tool) => {
  const scene = aToolScene(scratchFolder());
  const [sleep, abort] = [uniqueSleep(), new AbortController()];
  const cmd = `setsid ${sleep} & ${sleep}`;
  const session_id = tool === 'write_stdin' ? await startSession(scene, { cmd }) : 0;
  const input = tool === 'write_stdin' ? { session_id, yield_time_ms: 60_000 } : { cmd, yield_time_ms: 30_000 };
  const running = scene.run(tool, input, { signal: abort.signal });
  await vi.waitFor(() => expect(isRunning(sleep)).toBe(true), 10_000);

  abort.abort();

  expect((await running).output).toContain('Process was killed because the call was cancelled');
  expect(isRunning(sleep)).toBe(false);
});

describe.each(['none', 'bubblewrap'] as const)('with sandbox %s', (name) => {
  const runs = name === 'none' || hasBubblewrap;

  test.skipIf(!runs)(`nothing is left of a task that has ended, and another task keeps its own${runs ? '' : why}`, async () => {
    const [scene, sandbox] = [aToolScene(scratchFolder()), createSandbox(name)];
    const [own, other] = [uniqueSleep(), uniqueSleep()];
    await startSession(scene, { cmd: `setsid ${own} & ${own}`, tty: true }, { sandbox });
    await startSession(scene, { cmd: `setsid ${own} & ${own}` }, { sandbox });
    await startSession(scene, { cmd: `exec ${other}` }, { sandbox, taskId: toTaskId('other') });

    await scene.sessions.endAll(toTaskId('t'));

    await vi.waitFor(() => expect(isRunning(own)).toBe(false), 10_000);
    expect(isRunning(other)).toBe(true);
  });

  test.skipIf(!runs)(`a command that is just being started does not outlive its task${runs ? '' : why}`, async () => {
    const [scene, sleep, real] = [aToolScene(scratchFolder()), uniqueSleep(), createSandbox(name)];
    const [isAsked, isLet] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const start: Sandbox['start'] = async (request) => {
      isAsked.resolve();
      await isLet.promise;
      return real.start(request);
    };
    const running = scene.run('exec_command', { cmd: `setsid ${sleep} & ${sleep}` }, { sandbox: { ...real, start } });
    await isAsked.promise;

    const ending = scene.sessions.endAll(toTaskId('t'));
    isLet.resolve();
    await ending;

    expect(await running).toEqual({ outcome: 'refused', output: expect.stringContaining('comes to an end') });
    await vi.waitFor(() => expect(isRunning(sleep)).toBe(false), 10_000);
  });
});

test('many commands run side by side in one workspace', async () => {
  const root = scratchFolder();
  const scene = aToolScene(root);

  const results = await Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      scene.run('exec_command', { cmd: `echo ${n} > ${n}.txt; cat ${n}.txt`, tty: n % 4 === 0 }),
    ),
  );

  expect(results.map(outputOf).map((output) => output.trim())).toEqual(Array.from({ length: 12 }, (_, n) => String(n)));
});

test('output beyond 1 MiB between two calls is told by head and tail', async () => {
  const { output } = await aToolScene(scratchFolder()).run('exec_command', { cmd: 'seq 1000000', max_output_tokens: 100_000 });

  expect(outputOf({ outcome: 'ok', output })).toMatch(
    /^Warning: truncated output \(original token count: 26\d{4}\)\nTotal output lines: \d+\n\n1\n2\n/,
  );
  expect(output).toMatch(/…16\d{4} tokens truncated….*1000000\n$/s);
});

test('no character is broken by where a call ends', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 5 })),
      async (text, sizes) => {
        const session = new CommandSession({ id: 1, isEscalated: false, hasTerminal: false, idleMs: 1_000 });
        const { promise: ended, resolve: end } = Promise.withResolvers<{ kind: 'exited'; code: number }>();
        session.attach({ ended, write: () => false, kill: () => end({ kind: 'exited', code: 0 }) });
        const bytes = Buffer.from(text);
        const told: string[] = [];
        for (let at = 0; at < bytes.length;) {
          const size = sizes.next().value;
          session.onOutput(bytes.subarray(at, at + size));
          at += size;
          told.push((await session.take({ waitMs: 0, signal: new AbortController().signal })).output);
        }
        end({ kind: 'exited', code: 0 });
        told.push((await session.take({ waitMs: 1_000, signal: new AbortController().signal })).output);

        expect(told.join('')).toBe(bytes.toString());
      },
    ),
    { numRuns: 50 },
  );
});

describe.skipIf(!hasBubblewrap)(`commands outside of the sandbox${why}`, () => {
  const escalated = { sandbox_permissions: 'require_escalated', justification: 'Push it?' };

  test('are refused unless the call may', async () => {
    const [root, outside] = [scratchFolder(), scratchFolder()];
    const input = { ...escalated, cmd: `echo x > "${join(outside, 'x')}"` };
    const scene = aToolScene(root);

    const refused = await scene.run('exec_command', input, { sandbox: createSandbox('bubblewrap') });
    const confined = await scene.run(
      'exec_command',
      { cmd: input.cmd },
      { sandbox: createSandbox('bubblewrap'), escalate: true },
    );
    const allowed = await scene.run('exec_command', input, { sandbox: createSandbox('bubblewrap'), escalate: true });

    expect([refused.outcome, confined.outcome, allowed.outcome]).toEqual(['refused', 'failed', 'ok']);
    expect(readFileSync(join(outside, 'x'), 'utf8')).toBe('x\n');
  });

  test('take nothing that is typed unless that call may as well', async () => {
    const scene = aToolScene(scratchFolder());
    const sandbox = createSandbox('bubblewrap');
    const session_id = await startSession(
      scene,
      { ...escalated, cmd: 'read a; echo "<$a>"', tty: true },
      { sandbox, escalate: true },
    );
    const input = { session_id, chars: 'a\n' };

    expect(scene.find('write_stdin').classify?.({ kind: 'json', text: JSON.stringify(input) })).toMatchObject({
      retryClass: 'external',
    });
    expect(await scene.run('write_stdin', input, { sandbox })).toMatchObject({ outcome: 'refused' });
    expect((await scene.run('write_stdin', input, { sandbox, escalate: true })).output).toContain('<a>');
  });
});

test('a confined session has an id that says so', async () => {
  const scene = aToolScene(scratchFolder());
  const session_id = await startSession(scene, { cmd: 'sleep 600' });

  const classify = (input: object) => scene.find('write_stdin').classify?.({ kind: 'json', text: JSON.stringify(input) });

  expect(classify({ session_id, chars: 'x' })).toEqual({ retryClass: 'workspace', risk: 'workspace', command: 'x' });
  expect(classify({ session_id })).toEqual({ retryClass: 'workspace', risk: 'none' });
});

test('runs a command in the folder it was told, given as a model knows it', async () => {
  const root = scratchFolder();
  writeFiles(root, { 'a b/c.txt': '' });
  const scene = aToolScene(root);

  for (const workdir of ['a b', join(root, 'a b')]) {
    expect(outputOf(await scene.run('exec_command', { cmd: 'ls', workdir }))).toBe('c.txt\n');
  }
  expect(await scene.run('exec_command', { cmd: 'ls', workdir: 'a b/c.txt' })).toMatchObject({ outcome: 'refused' });
  expect(await scene.run('exec_command', { cmd: 'ls', workdir: '..' })).toMatchObject({ outcome: 'refused' });
});

test('runs a command by the shell it was told, of those that the system has', async () => {
  const scene = aToolScene(scratchFolder());
  const shellOf = (input: object): Promise<ToolReturn> => scene.run('exec_command', { cmd: 'echo "$0"', ...input });

  expect(outputOf(await shellOf({ shell: '/bin/sh' }))).toMatch(/\/sh\n$/);
  expect(await scene.run('exec_command', { cmd: 'shopt -q login_shell', login: true, shell: 'bash' })).toMatchObject({
    outcome: 'ok',
  });
  for (const shell of ['./bash', '/tmp/bash', 'python3', '']) {
    expect(await shellOf({ shell })).toEqual({ outcome: 'refused', output: expect.stringContaining('installed here: bash, sh') });
  }
});
