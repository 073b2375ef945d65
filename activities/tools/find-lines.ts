/** Finds lines in a file although a model copied them imperfectly: four passes, each forgiving more; the first hit of the strictest wins. */

const TYPOGRAPHY: readonly (readonly [RegExp, string])[] = [
  [/[\u2010-\u2015\u2212]/g, '-'],
  [/[\u2018-\u201b]/g, "'"],
  [/[\u201c-\u201f]/g, '"'],
  [/[\u00a0\u2002-\u200a\u202f\u205f\u3000]/g, ' '],
];

const PASSES: readonly ((line: string) => string)[] = [
  (line) => line,
  (line) => line.trimEnd(),
  (line) => line.trim(),
  (line) => TYPOGRAPHY.reduce((text, [pattern, ascii]) => text.replaceAll(pattern, ascii), line.trim()),
];

export interface LineSearch {
  readonly needle: readonly string[];
  /** Index of the first line that may match. */
  readonly from: number;
  readonly isAtEnd: boolean;
}

/** @returns the index of the first of them, or undefined */
export function findLines(lines: readonly string[], { needle, from, isAtEnd }: LineSearch): number | undefined {
  const last = lines.length - needle.length;
  const first = isAtEnd ? Math.max(from, last) : from;
  for (const normalize of PASSES) {
    const wanted = needle.map(normalize);
    const there = lines.slice(first).map(normalize);
    for (let start = 0; start <= last - first; start += 1) {
      if (wanted.every((line, offset) => there[start + offset] === line)) return first + start;
    }
  }
  return undefined;
}
