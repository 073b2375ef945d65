/** Watches a spawned process to its end: killed with all it started when its time is over or nobody waits, output within bounds. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { OutputBuffer } from './output-buffer.ts';
import type { CommandRequest, CommandResult, ProcessEnd, Sandbox, SandboxProcess, StartRequest } from './sandbox.ts';
import type { SpawnedProcess } from './spawned-process.ts';

/** After the program's end its output is closed within milliseconds; a process that escaped and holds it must not keep the task. */
const CLOSE_GRACE_MS = 2_000;
/** Timers of more than 2^31-1 ms fire at once in Node. */
const LONGEST_TIMER_MS = 2_147_483_647;

type Stop = 'timed-out' | 'cancelled' | 'flooding';

/** What is watched besides the process's end. */
export interface Watched extends Pick<StartRequest, 'timeoutMs' | 'onOutput'> {
  /** It is killed when it prints more. */
  readonly maxOutputBytes: number;
}

/** @throws Error when the sandbox's program itself cannot be started */
export async function watchProcess(spawned: SpawnedProcess, watched: Watched): Promise<SandboxProcess> {
  const { child, killTree, type } = spawned;
  const { timeoutMs, onOutput, maxOutputBytes } = watched;
  let printedBytes = 0;
  const take = (chunk: Buffer): void => {
    // What is in the pipes when it is killed still comes.
    if (printedBytes > maxOutputBytes) return;
    printedBytes += chunk.length;
    onOutput(chunk);
    if (printedBytes > maxOutputBytes) stop('flooding');
  };
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', take);
  const closed = untilClosed(child);
  await once(child, 'spawn');
  let [stopped, isOver]: [Stop | undefined, boolean] = [undefined, false];
  const stop = (why: Stop): void => {
    if (isOver) return;
    stopped ??= why;
    killTree();
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => stop('timed-out'), Math.min(timeoutMs, LONGEST_TIMER_MS));
  const ended = closed.then((): ProcessEnd => {
    isOver = true;
    clearTimeout(timer);
    if (stopped === 'flooding') return tellFlood(onOutput, maxOutputBytes);
    if (stopped !== undefined) return { kind: stopped };
    if (child.signalCode !== null) return { kind: 'killed', signal: child.signalCode };
    return { kind: 'exited', code: child.exitCode ?? -1 };
  });
  const write = (text: string): boolean => {
    if (isOver || type === undefined) return false;
    type(text);
    return true;
  };
  return { ended, write, kill: () => stop('cancelled') };
}

function tellFlood(onOutput: StartRequest['onOutput'], maxOutputBytes: number): ProcessEnd {
  const mebibytes = Math.round(maxOutputBytes / 1024 ** 2);
  onOutput(limitNote(`it may print ${mebibytes} MiB, and was killed`));
  return { kind: 'killed', signal: 'SIGKILL' };
}

/** The end of an output: only there the model reads why a command broke. */
export function limitNote(words: string): Buffer {
  return Buffer.from(`\n[sandbox] The command ran into a limit: ${words}.\n`);
}

/** What `run` is for every sandbox that can start a process. @throws as `start` does */
export async function runToEnd(start: Sandbox['start'], request: CommandRequest): Promise<CommandResult> {
  const { signal, ...command } = request;
  const startedAt = performance.now();
  const buffer = new OutputBuffer(command.outputFolder);
  const finish = (end: ProcessEnd): CommandResult => {
    const [output, kept, wallTimeMs] = [buffer.toString(), buffer.close(), Math.round(performance.now() - startedAt)];
    return { output, ...(kept === undefined ? {} : { kept }), outputBytes: buffer.bytes, wallTimeMs, end };
  };
  if (signal.aborted) return finish({ kind: 'cancelled' });
  const running = await start({ ...command, onOutput: (chunk) => buffer.write(chunk) });
  const cancel = (): void => running.kill();
  signal.addEventListener('abort', cancel, { once: true });
  // It may have been aborted while the process was started.
  if (signal.aborted) cancel();
  const end = await running.ended;
  signal.removeEventListener('abort', cancel);
  return finish(end);
}

async function untilClosed(child: ChildProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('close', resolve);
  // One that could not be started; it is thrown where its start is waited for.
  child.on('error', () => undefined);
  let grace: NodeJS.Timeout | undefined;
  child.once('exit', () => {
    grace = setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, CLOSE_GRACE_MS);
  });
  await promise;
  clearTimeout(grace);
}
