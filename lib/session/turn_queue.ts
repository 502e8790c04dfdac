import type { Stream } from "./stream.ts";

/** Entries taken from the front before the list is cut, which costs as much as the list is long. */
const compactAfter = 1024;

/** Streams that have frames for the link, each in it once at most. They take turns, a frame each. */
export class TurnQueue {
  #streams: Stream[] = [];
  #head = 0;

  get isEmpty(): boolean {
    return this.#head === this.#streams.length;
  }

  /** Puts a stream behind all others; one that is in already keeps its place. */
  add(stream: Stream): void {
    if (stream.queued) return;
    stream.queued = true;
    this.#streams.push(stream);
  }

  /** The stream whose turn it is. Only to be called when there is one. */
  take(): Stream {
    const stream = this.#streams[this.#head++];
    stream.queued = false;
    if (this.#head === this.#streams.length) {
      this.#streams.length = 0;
      this.#head = 0;
    } else if (this.#head >= compactAfter && this.#head * 2 >= this.#streams.length) {
      this.#streams.splice(0, this.#head);
      this.#head = 0;
    }
    return stream;
  }

  clear(): void {
    for (let i = this.#head; i < this.#streams.length; i++) this.#streams[i].queued = false;
    this.#streams = [];
    this.#head = 0;
  }
}
