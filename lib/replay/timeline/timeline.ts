import { type Frame, frameTypes, ProtocolError, type StreamFrame } from "../../protocol/mod.ts";
import {
  type CaptureHeader,
  type CaptureRecord,
  decodeCapturedFrame,
  type EventRecord,
  type FrameRecord,
  skimCapturedFrame,
} from "../../capture/mod.ts";
import { LinkRows } from "./link_rows.ts";
import { RttSeries } from "./rtt_series.ts";
import { isNarrow, type Selection, selectsStream, selectsTime } from "./selection.ts";
import { StartOrder } from "./start_order.ts";
import { type StreamRow, StreamRows } from "./stream_rows.ts";
import { addStream, noStreams, type Summary } from "./summary.ts";

/** A frame that is asked for, or something else that happened. */
export type TimelineEntry =
  | {
    kind: "frame";
    record: FrameRecord;
    frame: Frame | null;
    stream: StreamRow | null;
    rttMs: number | null;
  }
  | { kind: "other"; record: Exclude<CaptureRecord, FrameRecord> };

export interface TimelineOptions {
  selection: Selection;
  /** Each stream's row, in the order of their starts. */
  onStream?: (row: StreamRow) => void;
  /** Each frame and event, as it comes. Byte strings in it are views that the next record overwrites. */
  onEntry?: (entry: TimelineEntry) => void;
}

/** Makes rows and a summary of a capture's records, in bounded memory. */
export class Timeline {
  readonly #options: TimelineOptions;
  readonly #streams: StreamRows;
  readonly #order: StartOrder<StreamRow>;
  readonly #links = new LinkRows();
  readonly #rtt = new RttSeries();
  readonly #totals = noStreams();
  readonly #counts = { records: 0, sent: 0, received: 0, malformed: 0 };
  readonly #ends = { dropped: 0, lost: 0, refused: 0, resumed: 0 };
  readonly #gaps = { count: 0, messages: 0, bytes: 0, events: 0 };
  #lastUs = 0;

  constructor(header: CaptureHeader, options: TimelineOptions) {
    this.#options = options;
    this.#order = new StartOrder((row) => row.startUs, (row) => options.onStream?.(row));
    this.#streams = new StreamRows(header.side, (row) => this.#streamDone(row));
  }

  add(record: CaptureRecord): void {
    this.#counts.records++;
    if (record.kind === "frame") return this.#frame(record);
    this.#lastUs = Math.max(this.#lastUs, record.timeUs);
    if (record.kind === "event") this.#event(record);
    else if (record.kind === "malformed") this.#counts.malformed++;
    else if (record.kind === "gap") {
      this.#gaps.count++;
      this.#gaps.messages += record.messages;
      this.#gaps.bytes += record.bytes;
      this.#gaps.events += record.events;
    }
    this.#entry({ kind: "other", record });
  }

  /** The capture is over, or cut off: rows of what was under way come, then the summary. */
  finish(): Summary {
    this.#streams.finish();
    this.#order.finish();
    const { records, sent, received, malformed } = this.#counts;
    const { count, meanMs, maxMs } = this.#rtt;
    return {
      lengthUs: this.#lastUs,
      records,
      frames: { sent, received },
      malformed,
      gaps: this.#gaps,
      streams: this.#totals,
      links: { count: this.#links.count, ...this.#ends, rows: this.#links.rows() },
      rtt: { count, minMs: count === 0 ? 0 : this.#rtt.minMs, meanMs, maxMs, bins: this.#rtt.bins() },
    };
  }

  #frame(record: FrameRecord): void {
    this.#counts[record.direction]++;
    this.#lastUs = record.timeUs;
    const frame = decode(record, this.#options.onEntry !== undefined);
    if (frame === null) this.#counts.malformed++;
    let stream: StreamRow | null = null;
    let rttMs: number | null = null;
    if (frame !== null && frame.type >= frameTypes.requestStart) {
      stream = this.#streams.frame(frame as StreamFrame, record);
    } else if (frame !== null) {
      this.#links.frame(frame, record.link, record.timeUs);
      rttMs = this.#measure(frame, record);
    }
    this.#entry({ kind: "frame", record, frame, stream, rttMs });
  }

  #measure(frame: Frame, record: FrameRecord): number | null {
    const { link, timeUs, direction } = record;
    if (frame.type === frameTypes.ping && direction === "sent") {
      this.#rtt.pingSent(link, frame.sequence, timeUs);
    } else if (frame.type === frameTypes.pong && direction === "received") {
      return this.#rtt.pongReceived(link, frame.sequence, timeUs);
    }
    return null;
  }

  #event({ event, link, timeUs }: EventRecord): void {
    this.#links.event(event, link, timeUs);
    switch (event.name) {
      case "collected":
        this.#streams.collected(event.stream, event.reason, timeUs);
        return;
      case "resumed":
        this.#ends.resumed++;
        return;
      case "dropped":
      case "lost":
      case "refused":
        this.#ends[event.name]++;
        this.#streams.linkEnded(link);
        this.#rtt.linkEnded(link);
        return;
    }
  }

  #streamDone(row: StreamRow): void {
    const { selection } = this.#options;
    if (!selectsStream(selection, row) || !selectsTime(selection, row.startUs, row.endUs)) return;
    addStream(this.#totals, row);
    this.#order.add(row, this.#streams.oldestLiveUs);
  }

  #entry(entry: TimelineEntry): void {
    const { selection, onEntry } = this.#options;
    if (onEntry === undefined || !selectsTime(selection, entry.record.timeUs)) return;
    if (isNarrow(selection)) {
      const stream = entry.kind === "frame" ? entry.stream : null;
      if (stream === null || !selectsStream(selection, stream)) return;
    }
    onEntry(entry);
  }
}

/** `null` for what is no frame: a timeline counts it and shows the rest, `--check` says what is wrong. */
function decode(record: FrameRecord, isShown: boolean): Frame | null {
  try {
    // Only where frames are shown does anybody look at headers, which are most of the work.
    return isShown ? decodeCapturedFrame(record) : skimCapturedFrame(record, "alone");
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return null;
  }
}
