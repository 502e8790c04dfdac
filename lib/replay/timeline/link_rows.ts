import { type Frame, frameTypes } from "../../protocol/mod.ts";
import type { CaptureEvent } from "../../capture/mod.ts";

/** One link, as a timeline shows it. Times are microseconds since the capture began. */
export interface LinkRow {
  link: number;
  peer: string;
  /** From its hello and welcome; empty when they are not in the capture. */
  runner: string;
  session: string;
  startUs: number;
  /** `null` while it is up. */
  endUs: number | null;
  end: "dropped" | "lost" | "refused" | null;
  reason: string;
  /** It carried on a session's streams: so many of them. `null` when it did not. */
  resumedStreams: number | null;
  /** Times that its heartbeat became late. */
  timesLate: number;
}

/** Links whose row is kept: more than a capture of a flapping link has in an hour. */
const maxRows = 10_000;

/** Keeps the rows of the links in a capture. */
export class LinkRows {
  readonly #rows = new Map<number, LinkRow>();
  /** Links seen, those whose row is not kept included. */
  count = 0;

  rows(): LinkRow[] {
    return [...this.#rows.values()];
  }

  event(event: CaptureEvent, link: number, timeUs: number): void {
    if (event.name === "collected" || link === 0) return;
    const row = this.#row(link, timeUs);
    switch (event.name) {
      case "opened":
        row.peer = event.peer;
        return;
      case "resumed":
        row.resumedStreams = event.streams;
        row.session = event.session;
        return;
      case "dropped":
      case "lost":
      case "refused":
        row.endUs = timeUs;
        row.end = event.name;
        row.reason = event.reason;
        return;
      case "phase":
        if (event.to === "late") row.timesLate++;
        return;
    }
  }

  frame(frame: Frame, link: number, timeUs: number): void {
    const row = this.#row(link, timeUs);
    if (frame.type !== frameTypes.hello) return;
    row.runner = frame.runnerName;
    row.session = frame.sessionId.toHex();
  }

  #row(link: number, timeUs: number): LinkRow {
    const known = this.#rows.get(link);
    if (known !== undefined) return known;
    const row: LinkRow = {
      link,
      peer: "",
      runner: "",
      session: "",
      startUs: timeUs,
      endUs: null,
      end: null,
      reason: "",
      resumedStreams: null,
      timesLate: 0,
    };
    this.count++;
    if (this.#rows.size < maxRows) this.#rows.set(link, row);
    return row;
  }
}
