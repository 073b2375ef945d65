/** Whether a process runs; one that only waits to be reaped by whoever adopted it does not. */
import { readFileSync } from 'node:fs';

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    // No /proc on this system, or the process went between the two looks.
    return process.platform !== 'linux';
  }
}
