/** What this machine itself must bring: Node, git, a place for the store, a sandbox. */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import type { SandboxPolicy } from '../../activities/sandbox/choose-sandbox.ts';
import { probeBubblewrap } from '../../activities/sandbox/probe-sandbox.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { Check } from './check.ts';
import { messageOf } from '../describe-problem.ts';

const run = promisify(execFile);

/** The first with type stripping and `node:sqlite` on without flags, and what package.json pins. */
const OLDEST_NODE_MAJOR = 24;
/** Worktrees as we use them work since 2.17 (2018); older ones are not tried. */
const OLDEST_GIT = { major: 2, minor: 17 };
const GIT_TIMEOUT_MS = 10_000;

export function checkNode(): Check {
  const detail = `${process.version} (${process.execPath})`;
  if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE_MAJOR) return { check: 'node', state: 'ok', detail };
  const remedy = 'run Anyport through npm ("npm run anyport -- doctor"): its scripts use the pinned Node 24';
  return { check: 'node', state: 'problem', detail: `${detail} is older than ${OLDEST_NODE_MAJOR}`, remedy };
}

export async function checkGit(): Promise<Check> {
  try {
    const { stdout } = await run('git', ['--version'], { timeout: GIT_TIMEOUT_MS });
    const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(stdout) ?? [];
    const isEnough =
      Number(major) > OLDEST_GIT.major || (Number(major) === OLDEST_GIT.major && Number(minor) >= OLDEST_GIT.minor);
    if (isEnough) return { check: 'git', state: 'ok', detail: stdout.trim() };
    const wanted = `${OLDEST_GIT.major}.${OLDEST_GIT.minor}`;
    return {
      check: 'git',
      state: 'problem',
      detail: `${stdout.trim()} is older than ${wanted}`,
      remedy: `install git ${wanted} or newer`,
    };
  } catch (error) {
    return {
      check: 'git',
      state: 'problem',
      detail: `cannot be run: ${messageOf(error)}`,
      remedy: 'install git and put it on PATH',
    };
  }
}

export async function checkStore(dataDirectory: string): Promise<Check> {
  const file = join(dataDirectory, 'anyport.db');
  try {
    mkdirSync(dataDirectory, { recursive: true });
    const store = await openSqliteTaskStore(file);
    await store.close();
    tryToWrite(file);
  } catch (error) {
    const remedy = 'check the rights of the folder and the room on its disk, or choose another one with --data';
    return { check: 'store', state: 'problem', detail: `${file}: ${messageOf(error)}`, remedy };
  }
  return { check: 'store', state: 'ok', detail: `${file} opens and takes writes` };
}

/** Writes and takes it back: the store of a running stack is left as it is. */
function tryToWrite(file: string): void {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  try {
    database.exec('BEGIN IMMEDIATE; CREATE TABLE doctor_probe (written INTEGER); INSERT INTO doctor_probe VALUES (1); ROLLBACK');
  } finally {
    database.close();
  }
}

export async function checkSandbox(policy: SandboxPolicy): Promise<Check> {
  const probe = await probeBubblewrap();
  if (probe.kind === 'usable') {
    const detail = `bubblewrap: ${probe.detail}; policy ${policy}`;
    const { weakness } = probe;
    if (weakness === undefined) return { check: 'sandbox', state: 'ok', detail };
    return { check: 'sandbox', state: 'note', detail: `${detail}; ${weakness.words}`, remedy: weakness.remedy };
  }
  const detail = `commands cannot be confined: ${probe.reason}`;
  if (policy === 'none')
    return { check: 'sandbox', state: 'note', detail: `${detail}; policy none: they run unconfined`, remedy: probe.remedy };
  const remedy = `${probe.remedy}; or allow unconfined commands with "sandbox: none" in anyport.yaml or ANYPORT_SANDBOX=none`;
  return { check: 'sandbox', state: 'problem', detail: `${detail}; tasks that run commands are refused`, remedy };
}
