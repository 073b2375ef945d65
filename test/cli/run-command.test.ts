import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { TaskClient } from '../../client/index.ts';
import { jsonLines, runAnyport } from './support/run-anyport.ts';
import type { ScriptedWorker } from './support/scripted-worker.ts';
import { SCRIPTED_DIFF, startScriptedWorker } from './support/scripted-worker.ts';

// Processes and a bundle of the workflows are started; on a busy machine that takes seconds.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

let worker: ScriptedWorker;
let client: TaskClient;
let temporal: readonly string[];
let repository: string;

beforeAll(async () => {
  worker = await startScriptedWorker();
  client = await TaskClient.connect({ address: worker.address, environment: {} });
  temporal = ['--temporal', worker.address];
});

afterAll(async () => {
  await client.close();
  await worker.stop();
});

beforeEach(async () => {
  repository = await mkdtemp(join(tmpdir(), 'anyport-run-'));
  git('init', '--quiet');
  await writeFile(join(repository, 'a.txt'), 'a\n');
  git('add', '.');
  git('commit', '--quiet', '--message', 'begin');
});

afterEach(() => rm(repository, { recursive: true }));

describe('anyport run', () => {
  it('tells the story of a task and its end', async () => {
    const { code, stdout } = await runAnyport(['run', 'tools', '--workspace', repository, ...temporal]);

    expect(code).toBe(0);
    expect(stdout).toMatch(/turn 1 +azure-eastus2 is asked/);
    expect(stdout).toContain('exec_command npm test');
    expect(stdout).toContain('answer to tools');
    expect(stdout).toContain('+42');
    expect(stdout).toContain('$0.000200');
  });

  it('ends its JSON lines with the result', async () => {
    const { code, stdout } = await runAnyport(['run', 'hello', '--json', '--task-id', 'json-' + Date.now(), ...temporal]);

    const lines = jsonLines(stdout);
    expect(code).toBe(0);
    expect(lines[0]).toMatchObject({ kind: 'task-started' });
    expect(lines.at(-1)).toMatchObject({
      taskId: lines[0]?.['taskId'],
      state: 'completed',
      output: 'answer to hello',
      turns: 1,
      attempts: [{ turn: 1, endpoint: 'azure-eastus2', outcome: 'completed' }],
      usage: { inputTokens: 100, cachedInputTokens: 0, outputTokens: 10, reasoningTokens: 0 },
      diff: '',
    });
  });

  it('exits with 1 when the task failed', async () => {
    const { code, stdout } = await runAnyport(['run', 'refuse', ...temporal]);

    expect(code).toBe(1);
    expect(stdout).toContain('content filter');
  });

  it('changes the checkout only with --apply, and never the index', async () => {
    await runAnyport(['run', 'hello', '--workspace', repository, ...temporal]);
    expect(existsSync(join(repository, 'answer.txt'))).toBe(false);

    const { code } = await runAnyport(['run', 'hello', '--workspace', repository, '--apply', ...temporal]);

    expect(code).toBe(0);
    expect(await readFile(join(repository, 'answer.txt'), 'utf8')).toBe('42\n');
    expect(git('status', '--porcelain')).toBe('?? answer.txt\n');
  });

  it('keeps the changes in a file when they do not fit the checkout any more', async () => {
    const { code, stderr } = await runAnyport(['run', 'hello', '--workspace', repository, '--apply', ...temporal], {
      onOutput: () => execFileSync('sh', ['-c', 'echo other > answer.txt'], { cwd: repository }),
    });

    const saved = /they are in (\S+):/.exec(stderr)?.[1] ?? '';
    expect(code).toBe(1);
    expect(await readFile(saved, 'utf8')).toBe(SCRIPTED_DIFF);
    expect(await readFile(join(repository, 'answer.txt'), 'utf8')).toBe('other\n');
    await rm(saved);
  });

  it('leaves the task running on Ctrl-C when no person can be asked', async () => {
    const { code, stdout, stderr } = await runAnyport(['run', 'wait', '--json', ...temporal], {
      onOutput: (text, interrupt) => {
        if (text.includes('attempt-started')) interrupt();
      },
    });

    const taskId = String(jsonLines(stdout)[0]?.['taskId']);
    expect(code).toBe(130);
    expect(stderr).toContain(`anyport tasks watch ${taskId}`);
    expect((await client.standing(taskId)).standing).toBe('running');
    const watched = runAnyport(['tasks', 'watch', taskId, ...temporal]);
    const cancelled = await runAnyport(['tasks', 'cancel', taskId, ...temporal]);
    expect(cancelled.code).toBe(0);
    expect((await watched).code).toBe(3);
    expect((await runAnyport(['tasks', 'show', taskId, ...temporal])).stdout).toContain('cancelled');
  });

  it.each([
    ['no prompt', ['run'], "missing required argument 'prompt'"],
    ['an empty prompt', ['run', ' '], 'prompt is " "'],
    ['a budget that is no number', ['run', 'x', '--budget-usd', 'all'], '"all" is not a number from 0.001'],
    ['a raise of nothing', ['tasks', 'raise-budget', 't-1'], 'name what to raise: --usd'],
    ['an unknown option', ['run', 'x', '--nope'], "unknown option '--nope'"],
    ['an output schema that is not there', ['run', 'x', '--output-schema', '/nonexistent'], '/nonexistent cannot be read'],
    ['an output schema that is no JSON', ['run', 'x', '--output-schema', 'README.md'], 'README.md is no JSON'],
    ['an output schema that is none', ['run', 'x', '--output-schema', '.oxlintrc.json'], 'outputSchema is of another draft'],
    ['--apply without a workspace', ['run', 'x', '--apply'], '--apply needs a --workspace'],
    ['a task id that is none', ['run', 'x', '--task-id', 'a/b'], '"a/b" is not a task id'],
    ['a workspace that does not exist', ['run', 'x', '--workspace', '/nonexistent'], '/nonexistent does not exist'],
    ['a workspace that is no repository', ['run', 'x', '--workspace', '/'], 'is no git repository'],
    ['a batch file that does not exist', ['batch', 'submit', '/nonexistent'], '/nonexistent does not exist'],
  ])('refuses %s with exit code 2', async (_, args, words) => {
    const { code, stderr } = await runAnyport([...args, ...temporal]);

    expect(stderr).toContain(words);
    expect(code).toBe(2);
  });

  it('refuses uncommitted changes unless they are to be taken along', async () => {
    await writeFile(join(repository, 'a.txt'), 'changed\n');

    const refused = await runAnyport(['run', 'hello', '--workspace', repository, ...temporal]);
    const taken = await runAnyport(['run', 'hello', '--workspace', repository, '--include-uncommitted', ...temporal]);

    expect(refused.stderr).toContain('has uncommitted changes (a.txt)');
    expect([refused.code, taken.code]).toEqual([2, 0]);
  });

  it('names the address, its source and what to do when no Temporal server answers', async () => {
    const { code, stderr } = await runAnyport(['tasks', 'list'], { environment: { TEMPORAL_ADDRESS: '127.0.0.1:1' } });

    expect(stderr).toContain('no Temporal server answers at 127.0.0.1:1 (from TEMPORAL_ADDRESS)');
    expect(stderr).toContain('npm start');
    expect(code).toBe(1);
  });
});

describe('anyport tasks', () => {
  it('lists tasks as a table and as JSON lines', async () => {
    const { taskId } = await client.start({ prompt: 'hello', model: 'gpt-6.1-sol' });
    await client.result(taskId);
    await expect.poll(async () => (await client.list()).map((task) => task.taskId)).toContain(taskId);

    const table = await runAnyport(['tasks', 'list', ...temporal]);
    const lines = await runAnyport(['tasks', 'list', '--json', '--state', 'completed', ...temporal]);

    expect(table.stdout).toContain(taskId);
    expect(jsonLines(lines.stdout)).toContainEqual(expect.objectContaining({ taskId, state: 'completed' }));
  });
});

function git(...args: readonly string[]): string {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.invalid'];
  return execFileSync('git', ['-C', repository, ...identity, ...args], { encoding: 'utf8' });
}
