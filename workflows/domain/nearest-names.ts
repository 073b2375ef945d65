/** Helps with a mistyped name: those that differ least. */

const MOST_NAMES = 3;

/** The known names nearest to `name`, nearest first, at most three, without repetition. */
export function nearestNames(name: string, known: readonly string[]): readonly string[] {
  const wanted = name.toLowerCase();
  return [...new Set(known)]
    .map((candidate) => ({ candidate, distance: editDistance(wanted, candidate.toLowerCase()) }))
    .toSorted((left, right) => left.distance - right.distance || (left.candidate < right.candidate ? -1 : 1))
    .slice(0, MOST_NAMES)
    .map(({ candidate }) => candidate);
}

/** Levenshtein's distance: letters to insert, delete or replace. */
export function editDistance(left: string, right: string): number {
  const [from, to] = [Array.from(left), Array.from(right)];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of from.entries()) {
    const next = [index + 1];
    for (const [column, other] of to.entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
