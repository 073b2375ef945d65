/** Commands in the sandbox as both kinds of worker run them: one that is root, and an ordinary user. */
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, constants, copyFileSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import type { CommandLimits } from '../../activities/sandbox/command-limits.ts';
import { DEFAULT_COMMAND_LIMITS } from '../../activities/sandbox/command-limits.ts';
import { createSandboxes } from '../../activities/sandbox/create-sandbox.ts';
import type { CommandResult } from '../../activities/sandbox/sandbox.ts';

export interface Run {
  readonly workspace?: string;
  readonly limits?: Partial<CommandLimits>;
  readonly timeoutMs?: number;
  readonly terminal?: boolean;
}

export interface Worker {
  readonly name: 'root' | 'an ordinary user';
  /** A folder that its commands may write. */
  folder(): string;
  run(script: string, options?: Run): Promise<CommandResult>;
}

const isRoot = process.getuid?.() === 0;
/** Nobody has it. */
const ORDINARY_UID = 65_529;

/** Which of them can be tried here: an ordinary user cannot become root. */
export const WORKERS: readonly Worker[] = isRoot ? [hereAs('root'), anOrdinaryUser()] : [hereAs('an ordinary user')];

function hereAs(name: Worker['name']): Worker {
  return {
    name,
    folder,
    run(script, { workspace = folder(), limits = {}, timeoutMs = 60_000 } = {}) {
      const place = { workspace, workingDirectory: workspace, outputFolder: join(workspace, '..', 'output') };
      const sandbox = createSandboxes({ ...DEFAULT_COMMAND_LIMITS, ...limits })('bubblewrap');
      const { signal } = new AbortController();
      return sandbox.run({ argv: ['/bin/bash', '-c', script], ...place, timeoutMs, signal });
    },
  };
}

/** A process of its own, with nothing of root's; what it runs is a copy, since it may not be let into this folder. */
function anOrdinaryUser(): Worker {
  let program: string | undefined;
  return {
    name: 'an ordinary user',
    folder() {
      const made = folder();
      chownSync(made, ORDINARY_UID, ORDINARY_UID);
      return made;
    },
    async run(script, { limits = {}, timeoutMs = 60_000, ...options } = {}) {
      program ??= layOutProgram();
      const workspace = options.workspace ?? this.folder();
      const request = { argv: ['/bin/bash', '-c', script], workspace, workingDirectory: workspace, timeoutMs };
      const source = `import { createSandboxes } from ${JSON.stringify(join(program, 'activities/sandbox/create-sandbox.ts'))};
        const sandbox = createSandboxes(${JSON.stringify({ ...DEFAULT_COMMAND_LIMITS, ...limits })})('bubblewrap');
        const result = await sandbox.run({ ...${JSON.stringify(request)}, signal: new AbortController().signal });
        console.log(JSON.stringify(result));`;
      const worker = [join(program, 'bin/node'), '--input-type=module', '-e', source];
      const user = ['--reuid', String(ORDINARY_UID), '--regid', String(ORDINARY_UID), '--clear-groups'];
      const environment = { ...process.env, HOME: workspace, TMPDIR: '/tmp' };
      const { stdout } = await promisify(execFile)('setpriv', [...user, ...worker], {
        cwd: workspace,
        env: environment,
        maxBuffer: 16 * 1024 * 1024,
      });
      return JSON.parse(stdout) as CommandResult; // Printed above.
    },
  };
}

function folder(): string {
  const parent = realpathSync(mkdtempSync(join(tmpdir(), 'anyport sandbox-')));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true, maxRetries: 5 }));
  chmodSync(parent, 0o755);
  const tree = join(parent, 'tree');
  mkdirSync(tree);
  return tree;
}

function layOutProgram(): string {
  const program = realpathSync(mkdtempSync(join(tmpdir(), 'anyport-program-')));
  process.once('exit', () => rmSync(program, { recursive: true, force: true }));
  chmodSync(program, 0o755);
  mkdirSync(join(program, 'bin'));
  copyFileSync(process.execPath, join(program, 'bin/node'), constants.COPYFILE_FICLONE);
  const root = join(import.meta.dirname, '../..');
  cpSync(join(root, 'activities/sandbox'), join(program, 'activities/sandbox'), { recursive: true });
  copyFileSync(join(root, 'activities/command-user.ts'), join(program, 'activities/command-user.ts'));
  copyFileSync(join(root, 'package.json'), join(program, 'package.json'));
  return program;
}
