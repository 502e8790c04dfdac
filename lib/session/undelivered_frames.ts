import type { Stream } from "./stream.ts";

/** Frames handed to a socket that is above its high-water mark: they count as delivered once it has drained. */
export class UndeliveredFrames {
  #frames = 0;
  #bytes = 0;

  add(bytes: number): void {
    this.#frames++;
    this.#bytes += bytes;
  }

  /** The socket has drained: `stream` is told. */
  deliver(stream: Stream | null): void {
    if (this.#frames === 0) return;
    const frames = this.#frames;
    const bytes = this.#bytes;
    this.clear();
    stream?.delivered(frames, bytes);
  }

  /** The stream they came by is gone. */
  clear(): void {
    this.#frames = 0;
    this.#bytes = 0;
  }
}
