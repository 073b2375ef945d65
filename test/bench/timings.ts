/** How long things take, as a table: the last row is the rival that the others are compared with. */
import Table from 'cli-table3';
import { performance } from 'node:perf_hooks';
import { quantile } from './statistics.ts';

export function tell(what: string, rows: Readonly<Record<string, readonly number[]>>): void {
  const table = new Table({ head: [what, 'p50 ms', 'p95 ms', 'p50 is'], style: { head: [], border: [] } });
  const rival = quantile(Object.values(rows).at(-1) ?? [], 0.5);
  for (const [name, times] of Object.entries(rows)) {
    const p50 = quantile(times, 0.5);
    table.push([name, rounded(p50), rounded(quantile(times, 0.95)), `${(p50 / rival).toFixed(2)}x`]);
  }
  console.log(table.toString());
}

/** In ms. */
export async function time(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** A digit more where a whole millisecond says too little. */
function rounded(ms: number): string {
  return ms.toFixed(ms < 10 ? 1 : 0);
}
