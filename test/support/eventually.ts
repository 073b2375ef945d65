import { setTimeout as pause } from 'node:timers/promises';

/** Long enough for a worker to be lost (5 s) and another to take over on a busy machine. */
const PATIENCE_MS = 45_000;

/** Asks until there is an answer, and gives it; fails with `what` when there is none in time. */
export async function eventually<Value>(what: string, ask: () => Promise<Value | undefined>): Promise<Value> {
  const untilMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (Date.now() > untilMs) throw new Error(`waited in vain until ${what}`);
    await pause(50);
  }
}
