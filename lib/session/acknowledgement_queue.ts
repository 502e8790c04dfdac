import type { Stream } from "./stream.ts";

/** What owing one more acknowledgement asks for: that it goes out at once, that a timer starts, or nothing. */
export type OwedChange = "due" | "timer" | "nothing";

/** Streams that owe the peer an acknowledgement: those whose is due, and those that may wait for company. */
export class AcknowledgementQueue {
  #due: Stream[] = [];
  #soon: Stream[] = [];
  /** Those of {@link #soon} whose acknowledgement is their last: the sooner it goes, the sooner they are gone. */
  #last: Stream[] = [];

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
    if (stream.receiveDone && stream.receive.undelivered === 0) this.#last.push(stream);
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
    this.#last = [];
    this.#hasten(soon);
  }

  /**
   * The streams whose acknowledgement is due; the caller writes them or drops them.
   *
   * @param withData a message goes out anyhow: last acknowledgements ride along in it
   */
  takeDue(withData: boolean): readonly Stream[] {
    if (withData && this.#last.length > 0) {
      const last = this.#last;
      this.#last = [];
      this.#hasten(last);
    }
    const due = this.#due;
    if (due.length > 0) this.#due = [];
    return due;
  }

  clear(): void {
    for (const stream of this.#due) stream.ackOwed = "no";
    for (const stream of this.#soon) stream.ackOwed = "no";
    this.#due = [];
    this.#soon = [];
    this.#last = [];
  }

  #hasten(streams: readonly Stream[]): void {
    for (const stream of streams) {
      if (stream.ackOwed === "soon") this.owe(stream, true);
    }
  }
}
