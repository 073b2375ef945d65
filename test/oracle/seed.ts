/** The same cases in every run, so that a red test is about a change; `ORACLE_SEED` and `ORACLE_RUNS` look elsewhere. */
export const SEED = Number(process.env['ORACLE_SEED'] ?? 20_261_127);

export function runsOr(usual: number): number {
  return Number(process.env['ORACLE_RUNS'] ?? usual);
}

/** What was compared, and what is needed to do it again. */
export function report(name: string, counts: ReadonlyMap<string, number>): void {
  const all = [...counts].toSorted(([, one], [, other]) => other - one).map(([what, count]) => `${count} ${what}`);
  process.stdout.write(`oracle ${name}, ORACLE_SEED=${SEED}: ${all.join(', ')}\n`);
}
