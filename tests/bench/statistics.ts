/** A figure measured several times. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/**
 * The middle value, or the mean of the two in the middle.
 *
 * @throws {RangeError} when there is no value
 */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("a median needs at least one value");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @throws {RangeError} when there is no value */
export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Standard error of a median against that of a mean, for values spread normally: sqrt(pi / 2). */
const medianPenalty = Math.sqrt(Math.PI / 2);

/**
 * How far the median of `values` is likely to be off, as a part of itself: its standard error by the
 * normal approximation, 1.25 s / sqrt(n). Infinite for fewer than two values, or a median of 0.
 */
export function relativeError(values: readonly number[]): number {
  const count = values.length;
  if (count < 2) return Infinity;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const middle = Math.abs(median(values));
  return middle === 0 ? Infinity : medianPenalty * Math.sqrt(variance / count) / middle;
}

/**
 * Element by element `above / below`: both lists hold one value a round, and values of one round belong together.
 *
 * @throws {RangeError} when the lists differ in length
 */
export function pairwiseRatios(above: readonly number[], below: readonly number[]): number[] {
  return pairwise(above, below, (a, b) => a / b);
}

/**
 * Element by element `left - right`.
 *
 * @throws {RangeError} when the lists differ in length
 */
export function pairwiseDifferences(left: readonly number[], right: readonly number[]): number[] {
  return pairwise(left, right, (a, b) => a - b);
}

function pairwise(
  first: readonly number[],
  second: readonly number[],
  combine: (a: number, b: number) => number,
): number[] {
  if (first.length !== second.length) {
    throw new RangeError(`rounds differ in number: ${first.length} and ${second.length}`);
  }
  return first.map((value, round) => combine(value, second[round]));
}
