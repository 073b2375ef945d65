const UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];

/** Milliseconds of a duration such as `1h30m` or `45s`. */
export function parseDuration(text) {
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)([a-z])/g)) {
    const factor = UNITS.find(([name]) => name === unit)?.[1] ?? 0;
    total = Number(amount) * factor;
  }
  return total;
}

/** The shortest text that `parseDuration` reads as this many milliseconds, whole seconds only. */
export function formatDuration(milliseconds) {
  let rest = milliseconds;
  let text = '';
  for (const [unit, factor] of UNITS) {
    const amount = Math.floor(rest / factor);
    rest -= amount * factor;
    if (amount > 0) text += `${amount}${unit}`;
  }
  return text === '' ? '0s' : text;
}
