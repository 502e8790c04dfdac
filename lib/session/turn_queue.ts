import type { Stream } from "./stream.ts";

/** The list is cut once so many places at its front are free and they are half of it: to cut it costs as much as it is long. */
const keptPlaces = 1024;

/** Streams that have frames for the link, each in it once at most. They take turns, a frame each. */
export class TurnQueue {
  /** Used from the head to the tail. Not cut each time nothing waits, which would cost more than all else here; it is short then. */
  #places: (Stream | null)[] = [];
  #head = 0;
  #tail = 0;

  get isEmpty(): boolean {
    return this.#head === this.#tail;
  }

  /** Puts a stream behind all others; one that is in already keeps its place. */
  add(stream: Stream): void {
    if (stream.queued) return;
    stream.queued = true;
    this.#places[this.#tail++] = stream;
  }

  /** The stream whose turn it is. Only to be called when there is one. */
  take(): Stream {
    const stream = this.#places[this.#head]!;
    this.#places[this.#head++] = null;
    stream.queued = false;
    if (this.#head === this.#tail) {
      this.#head = this.#tail = 0;
    } else if (this.#head >= keptPlaces && this.#head * 2 >= this.#tail) {
      this.#places = this.#places.slice(this.#head, this.#tail);
      this.#tail -= this.#head;
      this.#head = 0;
    }
    return stream;
  }

  clear(): void {
    for (let i = this.#head; i < this.#tail; i++) this.#places[i]!.queued = false;
    this.#places = [];
    this.#head = this.#tail = 0;
  }
}
