import type { Stream } from "./stream.ts";

/** What owing one more acknowledgement asks for: that it goes out at once, that a timer starts, or nothing. */
export type OwedChange = "due" | "timer" | "nothing";

/** From so many entries on a list is looked through for streams that owe nothing any more. */
const fewestToSift = 64;

/** Streams that owe the peer an acknowledgement: those whose is due, and those that may wait for company. */
export class AcknowledgementQueue {
  #due: Stream[] = [];
  /** What is owed soon, and streams that owe nothing any more since an answer of theirs has said it. */
  #soon: Stream[] = [];
  #siftAt = fewestToSift;
  /** Streams that are over but for their last acknowledgement, owed soon: the sooner it goes, the sooner they are gone. */
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
    const isFirst = this.#soon.length === 0 && this.#last.length === 0;
    if (stream.sendDone && stream.receiveDone && stream.receive.undelivered === 0) this.#last.push(stream);
    else if (stream.ackOwed === "no") this.#add(stream);
    stream.ackOwed = "soon";
    return isFirst ? "timer" : "nothing";
  }

  /** Makes due what was owed soon. A stream whose turn came in the meantime is stepped over. */
  flush(): void {
    const soon = this.#soon;
    if (soon.length > 0) {
      this.#soon = [];
      this.#siftAt = fewestToSift;
      this.#hasten(soon);
    }
    this.#hastenLast();
  }

  /**
   * The streams whose acknowledgement is due; the caller writes them or drops them.
   *
   * @param withData a message goes out anyhow: last acknowledgements ride along in it
   */
  takeDue(withData: boolean): readonly Stream[] {
    if (withData) this.#hastenLast();
    const due = this.#due;
    if (due.length > 0) this.#due = [];
    return due;
  }

  clear(): void {
    for (const stream of this.#due) stream.ackOwed = "no";
    for (const stream of this.#soon) stream.ackOwed = "no";
    for (const stream of this.#last) stream.ackOwed = "no";
    this.#due = [];
    this.#soon = [];
    this.#siftAt = fewestToSift;
    this.#last = [];
  }

  /** Streams come and go by the thousand while a timer runs: those that owe nothing any more are not held until it ends. */
  #add(stream: Stream): void {
    if (this.#soon.length >= this.#siftAt) {
      this.#soon = this.#soon.filter(({ ackOwed }) => ackOwed === "soon");
      this.#siftAt = Math.max(fewestToSift, 2 * this.#soon.length);
    }
    this.#soon.push(stream);
  }

  #hastenLast(): void {
    const last = this.#last;
    if (last.length === 0) return;
    this.#last = [];
    this.#hasten(last);
  }

  #hasten(streams: readonly Stream[]): void {
    for (const stream of streams) {
      if (stream.ackOwed === "soon") this.owe(stream, true);
    }
  }
}
