/** The place of a file that is most like lines which were not found in it, for a message to the model. What it costs has an end. */

export interface NearestPlace {
  /** Index of a line. */
  readonly start: number;
  /** How many of the lines stand there, apart from white space at their ends. */
  readonly matching: number;
  /** From 0 to 1: how alike all the lines are to what stands there. */
  readonly similarity: number;
}

export interface NearestSearch {
  readonly needle: readonly string[];
  /** Index of the line from which the needle was looked for: of places that are equally alike, one behind it is told. */
  readonly from: number;
}

/** One lookup each: some 50 ms. Of longer files, what stands before and far behind the search's beginning is not considered. */
const MOST_LINES = 300_000;
/** Characters read to compare lines that are not equal: some 100 ms. */
const MOST_CHARACTERS = 1_000_000;
/** Places compared line by line. */
const MOST_CANDIDATES = 8;
/** Lines of the needle that are compared one by one; the rest of a longer one tells nothing more. */
const MOST_COMPARED_LINES = 60;
/** Of a line: what is behind tells little, and generated lines are endless. */
const MOST_OF_LINE = 300;
/** Lines of the needle that are looked for by likeness, longest first: short ones are like everything. */
const DISTINCTIVE_LINES = 3;
/** Below, a reader would not say that a line is meant to be the other. */
const ALIKE = 0.5;
/** Below, a place resembles the lines by chance. */
const LEAST_SIMILARITY = 0.3;

export function findNearest(lines: readonly string[], { needle, from }: NearestSearch): NearestPlace | undefined {
  const wanted = needle.slice(0, MOST_COMPARED_LINES).map((line) => line.trim());
  const searched = { wanted, lines, indices: inOrderOfSearch(lines.length, from) };
  const votes = new Map<number, number>();
  voteByEqualLines(votes, searched);
  voteByLikeLines(votes, searched);
  const candidates = [...votes].toSorted(([, one], [, other]) => other - one).slice(0, MOST_CANDIDATES);
  let nearest: NearestPlace | undefined;
  for (const [start] of candidates) {
    const place = compareAt(start, lines, wanted);
    if (place.similarity > (nearest?.similarity ?? LEAST_SIMILARITY)) nearest = place;
  }
  return nearest;
}

interface Searched {
  /** Trimmed. */
  readonly wanted: readonly string[];
  readonly lines: readonly string[];
  readonly indices: readonly number[];
}

/** From the search's beginning to the end, then what is before. */
function inOrderOfSearch(length: number, from: number): readonly number[] {
  return Array.from({ length: Math.min(length, MOST_LINES) }, (_, index) => (from + index) % length);
}

/** Each line that stands in the file votes for where the first one would be; the rarer it is there, the louder. */
function voteByEqualLines(votes: Map<number, number>, { wanted, lines, indices }: Searched): void {
  const places = new Map<string, number[]>(wanted.filter((line) => line !== '').map((line) => [line, []]));
  for (const index of indices) places.get((lines[index] ?? '').trim())?.push(index);
  for (const [offset, line] of wanted.entries()) {
    const found = places.get(line) ?? [];
    for (const index of found) vote(votes, index - offset, 1 / found.length);
  }
}

function voteByLikeLines(votes: Map<number, number>, { wanted, lines, indices }: Searched): void {
  const byLength = wanted.map((line, offset) => ({ line, offset })).toSorted((a, b) => b.line.length - a.line.length);
  let left = MOST_CHARACTERS;
  for (const { line, offset } of byLength.slice(0, DISTINCTIVE_LINES).filter((each) => each.line !== '')) {
    const pairs = pairsOf(line);
    for (const index of indices) {
      const there = (lines[index] ?? '').trim();
      if (!canBeAlike(line.length, there.length)) continue;
      left -= Math.min(there.length, MOST_OF_LINE);
      if (left < 0) return;
      const likeness = likenessOf(pairs, there);
      if (likeness >= ALIKE && there !== line) vote(votes, index - offset, likeness);
    }
  }
}

function vote(votes: Map<number, number>, start: number, weight: number): void {
  if (start >= 0) votes.set(start, (votes.get(start) ?? 0) + weight);
}

function compareAt(start: number, lines: readonly string[], wanted: readonly string[]): NearestPlace {
  let [matching, likeness, compared] = [0, 0, 0];
  for (const [offset, line] of wanted.entries()) {
    const there = lines[start + offset]?.trim();
    if (there === line) matching += 1;
    if (line === '') continue;
    compared += 1;
    likeness += there === undefined ? 0 : there === line ? 1 : likenessOf(pairsOf(line), there);
  }
  return { start, matching, similarity: compared === 0 ? 0 : likeness / compared };
}

/** Lines whose lengths are too different can't reach what counts as alike. */
function canBeAlike(one: number, other: number): boolean {
  const [shorter, longer] = [Math.min(one, other, MOST_OF_LINE), Math.min(Math.max(one, other), MOST_OF_LINE)];
  return (2 * shorter) / (shorter + longer) >= ALIKE;
}

type Pairs = ReadonlyMap<string, number>;

/** Each two neighbouring characters of a line, with how often they stand in it. */
function pairsOf(line: string): Pairs {
  const pairs = new Map<string, number>();
  const text = ` ${line.slice(0, MOST_OF_LINE)} `;
  for (let at = 0; at < text.length - 1; at += 1) {
    const pair = text.slice(at, at + 2);
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  return pairs;
}

/** The Sørensen-Dice coefficient of the pairs of two lines. */
function likenessOf(pairs: Pairs, there: string): number {
  let [shared, all] = [0, 0];
  const others = pairsOf(there);
  for (const [pair, count] of others) {
    shared += Math.min(count, pairs.get(pair) ?? 0);
    all += count;
  }
  for (const count of pairs.values()) all += count;
  return (2 * shared) / all;
}
