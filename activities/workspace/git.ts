/** Runs git so that neither hooks nor the environment of the worker decide what happens. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Invocation } from '../command-user.ts';
import { asTreeOwner } from '../command-user.ts';
import { WorkspaceError } from './workspace-error.ts';

/** A repository of millions of files on a slow disk takes minutes; a git that waits for something else is ended. */
const GIT_TIMEOUT_MS = 20 * 60_000;
/** Lists of the files of a large repository; diffs and packs, which may be larger, are written to a file. */
const MAX_GIT_OUTPUT_BYTES = 256 * 1024 * 1024;
/** What git says of a failure has its cause at the end. */
const SHOWN_ERROR_CHARACTERS = 2_000;

const NEUTRAL = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'core.splitIndex=false',
  // The worker may run as another user than the owner of the repository.
  'safe.directory=*',
  'gc.auto=0',
  'core.quotePath=false',
].flatMap((setting) => ['-c', setting]);
/** The files git looks for in a home folder even when there is no configuration. */
const HOMELESS = ['-c', 'core.excludesFile=/dev/null', '-c', 'core.attributesFile=/dev/null'];

export interface GitCall {
  readonly directory: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Standard input. In a text every character is one byte, as in a `BytePath`. */
  readonly input?: string | AsyncIterable<Uint8Array>;
  /** `latin1` gives every byte as one character. */
  readonly encoding?: 'utf8' | 'latin1';
  /** Standard output goes into this file; the text that is given back is empty then. */
  readonly outputFile?: string;
  /** Exit codes that are no failure, besides 0. */
  readonly accept?: readonly number[];
}

/** In the workspace: no configuration of the user's or the machine's has a say. @returns stdout */
export function gitInWorkspace(call: GitCall): Promise<string> {
  const isolated = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_ATTR_NOSYSTEM: '1' };
  const isolatedCall = { ...call, args: [...HOMELESS, ...call.args], environment: { ...isolated, ...call.environment } };
  return git(isolatedCall, asTreeOwner);
}

/** In the user's repository, only to read; what is ignored or changed there is what the user's own git says. @returns stdout */
export function gitInRepository(call: GitCall): Promise<string> {
  return git(call);
}

/** @throws WorkspaceError `git-failed` with git's words, `git-missing` */
async function git(call: GitCall, as = (program: Invocation): Invocation => program): Promise<string> {
  const { directory, args, input, outputFile, encoding = 'utf8', accept = [] } = call;
  const file = outputFile === undefined ? undefined : await open(outputFile, 'w', 0o600);
  try {
    const program = as({ command: 'git', args: [...NEUTRAL, ...args] });
    const child = spawn(program.command, program.args, {
      cwd: directory,
      env: environmentOf(call),
      timeout: GIT_TIMEOUT_MS,
      stdio: [input === undefined ? 'ignore' : 'pipe', file?.fd ?? 'pipe', 'pipe'],
    });
    const outcome = await outcomeOf(child, call);
    if (outcome.code !== null && [0, ...accept].includes(outcome.code)) return outcome.output.toString(encoding);
    throw failed(call, wordsOf(outcome));
  } finally {
    await file?.close();
  }
}

function wordsOf({ code, errors }: Outcome): string {
  const said = errors.toString().trim();
  if (said !== '') return said;
  return code === null ? 'it was ended by a signal' : `exit code ${code}`;
}

function environmentOf({ environment }: GitCall): NodeJS.ProcessEnv {
  return {
    ...withoutGit(process.env),
    LC_ALL: 'C',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    ...environment,
  };
}

interface Outcome {
  readonly code: number | null;
  readonly output: Buffer;
  readonly errors: Buffer;
}

async function outcomeOf(child: ChildProcess, call: GitCall): Promise<Outcome> {
  const [output, errors] = [gather(child, 'stdout'), gather(child, 'stderr')];
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(toStartFailure(error, call)));
    child.once('close', resolve);
  });
  const [code] = await Promise.all([ended, feed(child, call.input)]);
  return { code, output: Buffer.concat(output), errors: Buffer.concat(errors) };
}

function gather(child: ChildProcess, stream: 'stdout' | 'stderr'): readonly Buffer[] {
  const chunks: Buffer[] = [];
  let bytes = 0;
  child[stream]?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_GIT_OUTPUT_BYTES) child.kill('SIGKILL');
    else chunks.push(chunk);
  });
  return chunks;
}

/** A git that ends before it has read everything says why in its exit code; input that breaks is a failure of its own. */
async function feed({ stdin }: ChildProcess, input: GitCall['input']): Promise<void> {
  if (stdin === null || input === undefined) return;
  if (typeof input === 'string') {
    stdin.on('error', () => undefined);
    stdin.end(input, 'latin1');
    return;
  }
  try {
    await pipeline(Readable.from(input), stdin);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_PREMATURE_CLOSE')))
      throw error;
  }
}

function toStartFailure(error: NodeJS.ErrnoException, call: GitCall): WorkspaceError {
  const isMissing = error.code === 'ENOENT' && existsSync(call.directory);
  if (!isMissing) return failed(call, error.message);
  return new WorkspaceError('git-missing', "git is not installed on the worker's host; install git 2.30 or newer", {
    cause: error,
  });
}

function failed({ directory, args }: GitCall, words: string): WorkspaceError {
  const command = args.find((arg, index) => !arg.startsWith('-') && args[index - 1] !== '-c') ?? '';
  return new WorkspaceError('git-failed', `git ${command} failed in ${directory}: ${words.slice(-SHOWN_ERROR_CHARACTERS)}`);
}

/** A worker started from a git hook has GIT_DIR set, which would turn every call to that repository. */
function withoutGit(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('GIT_')));
}
