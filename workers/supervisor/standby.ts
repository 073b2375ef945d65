/** A second process that has everything loaded and waits: starting one takes seconds, having it run takes milliseconds. */
import type { RunningChild } from '../dev/child-process.ts';

/** The next one is not started while what the dead one left is taken up again: both would wait for the processor. */
const START_AFTER_MS = 3_000;

export interface Standby {
  /** Has the one that waits run, or a new one when none does. @throws ChildProcessError */
  take(): Promise<RunningChild>;
  stop(): Promise<void>;
}

export function createStandby(start: () => Promise<RunningChild>, say: (line: string) => void): Standby {
  let waiting: RunningChild | undefined;
  let starting: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const prepare = async (): Promise<void> => {
    // A failure is told when it matters: by the start that then has to be made anew.
    const child = await start().catch(() => undefined);
    if (child === undefined) return;
    waiting = child;
    say(`another worker stands by (process ${child.pid})`);
    void child.exited.then(() => {
      if (waiting === child) waiting = undefined;
    });
    if (isStopped) child.kill();
  };
  return {
    async take() {
      clearTimeout(timer);
      await starting;
      const child = waiting ?? (await start());
      waiting = undefined;
      child.tell('run');
      timer = setTimeout(() => {
        starting = prepare();
      }, START_AFTER_MS);
      return child;
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await starting;
      waiting?.kill();
      await waiting?.exited;
    },
  };
}
