/** What the demo lays out goes with it. The folders are the demo's alone: `mkdtemp` made them. */
import { rmSync } from 'node:fs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const RETRIES = 5;

/** Runs `play`, and removes the folders when it has ended, failed, or was stopped by a signal. */
export async function withScratchFolders<Result>(folders: readonly string[], play: () => Promise<Result>): Promise<Result> {
  // The processes of the stack see us end and go, too.
  const stop = (): never => process.exit(130);
  const removeAll = (): void => folders.forEach(remove);
  for (const signal of SIGNALS) process.once(signal, stop);
  process.once('exit', removeAll);
  try {
    return await play();
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
    process.off('exit', removeAll);
    removeAll();
  }
}

/** A rest that cannot be removed must not fail a demo that went well. */
function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: RETRIES });
  } catch {
    // The system clears its folder for temporary files.
  }
}
