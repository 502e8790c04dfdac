import {
  frameTypes,
  maxPositions,
  maxPositionsPerFrame,
  ProtocolError,
  type ResumeFrame,
  type StreamPosition,
} from "../protocol/mod.ts";

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

/** Puts the peer's resume frames together. */
export class PositionsReader {
  #positions: StreamPosition[] = [];

  /**
   * @returns all positions once the last frame is there
   * @throws {ProtocolError} when there are more than 2^20 of them, or a frame that others follow has none
   */
  take(frame: ResumeFrame): StreamPosition[] | null {
    const { streams, last } = frame;
    if (streams.length === 0 && !last) {
      throw new ProtocolError("a resume frame has no streams and is not the last");
    }
    if (this.#positions.length + streams.length > maxPositions) {
      throw new ProtocolError(`resume names more than ${maxPositions} streams`);
    }
    for (const position of streams) this.#positions.push(position);
    if (!last) return null;
    const positions = this.#positions;
    this.#positions = [];
    return positions;
  }
}
