import type { Stream } from "./stream.ts";

/** What owing one more acknowledgement asks for: that it goes out at once, that a timer starts, or nothing. */
export type OwedChange = "due" | "timer" | "nothing";

/** Streams that owe the peer an acknowledgement: those whose is due, and those that may wait for company. */
export class AcknowledgementQueue {
  #due: Stream[] = [];
  #soon: Stream[] = [];

  get isDue(): boolean {
    return this.#due.length > 0;
  }

  owe(stream: Stream, now: boolean): OwedChange {
    if (stream.ackOwed === "now") return "nothing";
    if (now) {
      stream.ackOwed = "now";
      this.#due.push(stream);
      return "due";
    }
    if (stream.ackOwed === "soon") return "nothing";
    stream.ackOwed = "soon";
    this.#soon.push(stream);
    return this.#soon.length === 1 ? "timer" : "nothing";
  }

  /** Makes due what was owed soon. A stream whose turn came in the meantime is stepped over. */
  flush(): void {
    const soon = this.#soon;
    if (soon.length === 0) return;
    this.#soon = [];
    for (const stream of soon) {
      if (stream.ackOwed === "soon") this.owe(stream, true);
    }
  }

  /** The streams whose acknowledgement is due; the caller writes them or drops them. */
  takeDue(): readonly Stream[] {
    const due = this.#due;
    if (due.length > 0) this.#due = [];
    return due;
  }

  clear(): void {
    for (const stream of this.#due) stream.ackOwed = "no";
    for (const stream of this.#soon) stream.ackOwed = "no";
    this.#due = [];
    this.#soon = [];
  }
}
