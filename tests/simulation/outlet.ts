import { payloadBytes, type SequencedFrame } from "../../lib/protocol/mod.ts";
import type { Stream } from "../../lib/session/mod.ts";

/** Frames that were handed to a congested socket, to be acknowledged once it has drained: as the shells do. */
export class Outlet {
  #frames = 0;
  #bytes = 0;

  handed(frame: SequencedFrame, congested: boolean, stream: Stream | null): void {
    if (congested) {
      this.#frames++;
      this.#bytes += payloadBytes(frame);
    } else {
      stream?.delivered(1, payloadBytes(frame));
    }
  }

  drained(stream: Stream | null): void {
    if (this.#frames === 0) return;
    const frames = this.#frames;
    const bytes = this.#bytes;
    this.clear();
    stream?.delivered(frames, bytes);
  }

  clear(): void {
    this.#frames = 0;
    this.#bytes = 0;
  }
}
