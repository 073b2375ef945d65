/** The few statistics that the benchmark's tables need. */

/** The value below which `share` of the values lie, by linear interpolation; `share` in [0, 1]. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

export interface Fit {
  readonly slope: number;
  readonly intercept: number;
  /** 1: the points lie on the line. */
  readonly rSquared: number;
}

/** The straight line of least squares through the points. */
export function fitLine(points: readonly { readonly x: number; readonly y: number }[]): Fit {
  const meanX = mean(points.map(({ x }) => x));
  const meanY = mean(points.map(({ y }) => y));
  const covariance = sum(points.map(({ x, y }) => (x - meanX) * (y - meanY)));
  const slope = covariance / sum(points.map(({ x }) => (x - meanX) ** 2));
  const intercept = meanY - slope * meanX;
  const residual = sum(points.map(({ x, y }) => (y - intercept - slope * x) ** 2));
  return { slope, intercept, rSquared: 1 - residual / sum(points.map(({ y }) => (y - meanY) ** 2)) };
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
