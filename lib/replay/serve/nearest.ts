import { sharedParameters, type SplitTarget } from "./query.ts";
import type { Asked, Recording } from "./recordings.ts";

/** What weighs how much when nothing fits: a segment of the path that differs wholly is 1. */
const otherMethod = 0.7;
const otherKind = 0.8;
const otherParameter = 0.2;

/** Recordings that are compared; the search is for a hint, and must stay cheap. */
const maxCompared = 5000;
const maxSegments = 32;

/** The recording that is most like what is asked for; `null` when there is none at all. */
export function nearest(
  recordings: readonly Recording[],
  asked: Asked,
  target: SplitTarget,
): Recording | null {
  let best: Recording | null = null;
  let least = Infinity;
  const segments = segmentsOf(target.path);
  for (const recording of recordings.slice(0, maxCompared)) {
    const { exchange, target: other } = recording;
    let distance = (exchange.method === asked.method ? 0 : otherMethod) +
      (exchange.kind === asked.kind ? 0 : otherKind);
    if (distance >= least) continue;
    const parameters = Math.max(other.parameters.length, target.parameters.length);
    distance += otherParameter * (parameters - sharedParameters(other, target));
    if (other.path !== target.path) distance += pathDistance(segments, segmentsOf(other.path));
    if (distance >= least) continue;
    least = distance;
    best = recording;
  }
  return best;
}

function segmentsOf(path: string): string[] {
  return path.split("/").slice(0, maxSegments);
}

/** Edit distance over segments (Levenshtein), where a segment that is partly the same costs less. */
function pathDistance(a: string[], b: string[]): number {
  let previous = b.map((_, i) => i + 1);
  for (let i = 0; i < a.length; i++) {
    let diagonal = i;
    let left = i + 1;
    previous = previous.map((above, j) => {
      left = Math.min(above + 1, left + 1, diagonal + segmentDistance(a[i], b[j]));
      diagonal = above;
      return left;
    });
  }
  return previous.at(-1) ?? a.length;
}

/** 0 for the same, 1 for nothing in common at either end. */
function segmentDistance(a: string, b: string): number {
  if (a === b) return 0;
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start++;
  let end = 0;
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return 1 - (start + end) / (Math.max(a.length, b.length) + 1);
}
