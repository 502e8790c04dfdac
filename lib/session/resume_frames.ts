import { frameTypes, maxPositionsPerFrame, type ResumeFrame, type StreamPosition } from "../protocol/mod.ts";

/** `positions` in as many resume frames as it takes, at least one: the peer waits for the one marked last. */
export function resumeFrames(positions: readonly StreamPosition[]): ResumeFrame[] {
  const frames: ResumeFrame[] = [];
  let from = 0;
  do {
    const streams = positions.slice(from, from + maxPositionsPerFrame);
    from += maxPositionsPerFrame;
    frames.push({ type: frameTypes.resume, last: from >= positions.length, streams });
  } while (from < positions.length);
  return frames;
}
