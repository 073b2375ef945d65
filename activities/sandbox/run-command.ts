/** Runs a command in a sandbox to its end: output kept within bounds, killed with all it started when its time is over or nobody waits. */
import { OutputBuffer } from './output-buffer.ts';
import type { CommandRequest, CommandResult, Sandbox } from './sandbox.ts';

/** Timers of more than 2^31-1 ms fire at once in Node. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** @throws Error when the sandbox's program itself cannot be started */
export async function runCommand(sandbox: Sandbox, { timeoutMs, signal, ...command }: CommandRequest): Promise<CommandResult> {
  const startedAt = performance.now();
  const buffer = new OutputBuffer();
  const finish = (end: CommandResult['end']): CommandResult => ({
    output: buffer.toString(),
    outputBytes: buffer.bytes,
    wallTimeMs: Math.round(performance.now() - startedAt),
    end,
  });
  if (signal.aborted) return finish({ kind: 'cancelled' });
  const running = await sandbox.start(command);
  running.onOutput((chunk) => buffer.write(chunk));
  let stopped: 'timed-out' | 'cancelled' | undefined;
  const stop = (why: 'timed-out' | 'cancelled'): void => {
    stopped ??= why;
    running.kill();
  };
  const cancel = (): void => stop('cancelled');
  signal.addEventListener('abort', cancel, { once: true });
  // It may have come while the program was started.
  if (signal.aborted) cancel();
  const timer = setTimeout(() => stop('timed-out'), Math.min(timeoutMs, LONGEST_TIMER_MS));
  const end = await running.ended;
  clearTimeout(timer);
  signal.removeEventListener('abort', cancel);
  return finish(stopped === undefined ? end : { kind: stopped });
}
