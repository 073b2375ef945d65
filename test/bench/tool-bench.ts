/**
 * `npm run bench -- tools`: what a tool call costs beyond the work itself, beside a plain `spawn` of the same command, `git apply` of the same
 * change and a plain read of the same file. Without Temporal, the journal and checkpoints: those are in the benches of turns and of the workspace.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DEFAULT_COMMAND_LIMITS } from '../../activities/sandbox/command-limits.ts';
import { createSandbox } from '../../activities/sandbox/create-sandbox.ts';
import { createEgress } from '../../activities/sandbox/egress.ts';
import type { EgressRule } from '../../activities/sandbox/egress-rules.ts';
import { probeBubblewrap } from '../../activities/sandbox/probe-sandbox.ts';
import type { Sandbox } from '../../activities/sandbox/sandbox.ts';
import { createTaskSandboxes } from '../../activities/sandbox/task-sandboxes.ts';
import { CommandSessions } from '../../activities/tools/command-sessions.ts';
import { createBuiltInTools, createToolRegistry } from '../../activities/tools/tool-registry.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import type { ToolInput } from '../../workflows/domain/transcript.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import { tell, time } from './timings.ts';

/** Each round makes every variant once, so that a busy moment hits all of them. The first warms up. */
const ROUNDS = 41;
const LINES = 2_000;
const FILE = 'src/long.js';
const SHELL = '/bin/bash';
const COMMAND = 'echo one; echo two';

const ALLOWED: readonly EgressRule[] = [{ host: 'a.example', ports: [443] }];

const sandboxOf = createTaskSandboxes({
  limits: DEFAULT_COMMAND_LIMITS,
  egress: createEgress({ alert: console.error }),
  allowedFor: () => ALLOWED,
});

const sessions = new CommandSessions();
const tools = createToolRegistry(createBuiltInTools({ sessions }));
const directory = mkdtempSync(join(tmpdir(), 'anyport-bench-'));
const workspace = layOutGitRepository(join(directory, 'repository'), { [FILE]: textOf(0) });
// A command without the sandbox takes a tree from those in it, as a worker that is root sees it: the next one there would pay for that.
const confined = layOutGitRepository(join(directory, 'confined'), { [FILE]: textOf(0) });
const probe = await probeBubblewrap();
try {
  await benchCommands();
  await benchPatches();
  await benchReads();
} finally {
  await sessions.close();
  rmSync(directory, { recursive: true });
}

async function benchCommands(): Promise<void> {
  if (probe.kind === 'unusable') console.log(`without the sandbox: ${probe.reason}`);
  const inSandbox = (): Promise<unknown> => call('exec_command', json({ cmd: COMMAND }), createSandbox('bubblewrap'));
  const withNetwork = (): Promise<unknown> => call('exec_command', json({ cmd: COMMAND }), sandboxWithNetwork());
  await compare('a command of a few milliseconds', {
    ...(probe.kind === 'usable'
      ? { 'exec_command, in the sandbox': inSandbox, 'the same, with an allowed host': withNetwork }
      : {}),
    'exec_command, sandbox none': () => call('exec_command', json({ cmd: COMMAND })),
    'spawn of the same shell': spawnPlain,
  });
}

async function benchPatches(): Promise<void> {
  const patchOf = (round: number): string => `@@\n line 999\n-${changed(round - 1)}\n+${changed(round)}\n line 1001\n`;
  let round = 0;
  await compare(`one line of ${LINES} changed`, {
    apply_patch: () => {
      round += 1;
      return call('apply_patch', {
        kind: 'text',
        text: `*** Begin Patch\n*** Update File: ${FILE}\n${patchOf(round)}*** End Patch`,
      });
    },
    'git apply': async () => {
      const patch = join(directory, 'change.patch');
      round += 1;
      writeFileSync(
        patch,
        `--- a/${FILE}\n+++ b/${FILE}\n@@ -1000,3 +1000,3 @@\n line 999\n-${changed(round - 1)}\n+${changed(round)}\n line 1001\n`,
      );
      await promisify(execFile)('git', ['apply', patch], { cwd: workspace });
    },
  });
}

function benchReads(): Promise<void> {
  return compare(`a file of ${LINES} lines read`, {
    read_file: () => call('read_file', json({ path: FILE })),
    'fs.readFile': () => readFile(join(workspace, FILE), 'utf8'),
  });
}

async function compare(what: string, variants: Readonly<Record<string, () => Promise<unknown>>>): Promise<void> {
  const times = new Map(Object.keys(variants).map((name) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [name, work] of Object.entries(variants)) {
      const ms = await time(work);
      if (round > 0) times.get(name)?.push(ms);
    }
  tell(what, Object.fromEntries(times));
}

function sandboxWithNetwork(): Sandbox {
  return sandboxOf({ sandbox: 'bubblewrap', network: { tenant: 'default', allow: ALLOWED } });
}

/** @throws Error when it did not do its work: what fails fast must not look fast */
async function call(name: string, input: ToolInput, sandbox: Sandbox = createSandbox('none')): Promise<void> {
  const { signal } = new AbortController();
  const place = { workspace: sandbox.name === 'none' ? workspace : confined, sandbox };
  const context = { taskId: toTaskId('bench'), callId: 'c', ...place, signal };
  const result = await tools.find(name)?.run(input, context);
  if (result?.outcome !== 'ok') throw new Error(`${name}: ${result?.output ?? 'no such tool'}`);
}

async function spawnPlain(): Promise<void> {
  const child = spawn(SHELL, ['-c', COMMAND], { cwd: workspace, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.resume();
  child.stderr.resume();
  await once(child, 'close');
}

function textOf(round: number): string {
  return Array.from({ length: LINES }, (_, index) => `${index === 1_000 ? changed(round) : `line ${index}`}\n`).join('');
}

function changed(round: number): string {
  return `line 1000, changed ${round} times`;
}

function json(value: object): ToolInput {
  return { kind: 'json', text: JSON.stringify(value) };
}
