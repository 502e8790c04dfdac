import type { Spread } from "./statistics.ts";

/** Stands where nothing was measured. */
export const nothing = "–";

/** A rate or a figure with three digits that count, and separators of thousands. */
export function formatNumber(value: number | null): string {
  if (value === null) return nothing;
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Two decimals and the range: `0.93 (0.90–0.97)`. */
export function formatRatio(ratio: Spread | null): string {
  if (ratio === null) return nothing;
  const [median, min, max] = [ratio.median, ratio.min, ratio.max].map((value) => value.toFixed(2));
  return `${median} (${min}–${max})`;
}

/** Three decimals and the range. */
export function formatAdded(added: Spread | null): string {
  if (added === null) return nothing;
  const [median, min, max] = [added.median, added.min, added.max].map((value) => value.toFixed(3));
  return `${median} (${min}–${max})`;
}

/** Whole mebibytes. */
export function formatMebibytes(bytes: number | null): string {
  return bytes === null ? nothing : (bytes / 1024 ** 2).toFixed(0);
}
