import type { CaptureError, CaptureHeader } from "../lib/capture/mod.ts";
import { frameName, frameWords } from "../lib/protocol/mod.ts";
import type { StreamRow, Summary, TimelineEntry } from "../lib/replay/mod.ts";
import type { LineOutput } from "./replay_output.ts";
import { entryLine, streamLine, summaryLines } from "./replay_text.ts";

/** How the reading ended, when it did not end with the file. */
export interface Ending {
  damage: CaptureError | null;
  /** Offset in the file; `null` unless it was interrupted. */
  interruptedAt: number | null;
}

/** Where a timeline is shown. */
export interface TimelineView {
  begin(lines: string[], header: CaptureHeader, heading: string): void;
  stream(row: StreamRow): void;
  entry(entry: TimelineEntry): void;
  end(summary: Summary, ending: Ending): void;
}

/** For people. */
export class TextTimeline implements TimelineView {
  readonly #output: LineOutput;

  constructor(output: LineOutput) {
    this.#output = output;
  }

  begin(lines: string[], _header: CaptureHeader, heading: string): void {
    for (const line of lines) this.#output.line(line);
    this.#output.line("");
    if (heading !== "") this.#output.line(heading);
  }

  stream(row: StreamRow): void {
    this.#output.line(streamLine(row));
  }

  entry(entry: TimelineEntry): void {
    this.#output.line(entryLine(entry));
  }

  end(summary: Summary, { damage, interruptedAt }: Ending): void {
    this.#output.line("");
    for (const line of summaryLines(summary)) this.#output.line(line);
    if (interruptedAt !== null) {
      this.#output.line(`INTERRUPTED  at offset ${interruptedAt}: what came behind it is not shown`);
    }
    if (damage !== null) {
      this.#output.line(`DAMAGED      ${damage.message}: everything before it is shown, nothing behind it`);
    }
  }
}

/**
 * For machines: one JSON document, written as it goes, so that it takes no memory:
 * `{"header", "streams" or "frames": […], "summary", "damage"}`.
 */
export class JsonTimeline implements TimelineView {
  readonly #output: LineOutput;
  readonly #list: string;
  #count = 0;

  constructor(output: LineOutput, frames: boolean) {
    this.#output = output;
    this.#list = frames ? "frames" : "streams";
  }

  begin(_lines: string[], header: CaptureHeader): void {
    this.#output.write(`{"header":${JSON.stringify(header)},\n"${this.#list}":[`);
  }

  stream(row: StreamRow): void {
    this.#item(row);
  }

  entry(entry: TimelineEntry): void {
    const { kind, number, offset, timeUs, link } = entry.record;
    const at = { kind, number, offset, timeUs, link };
    if (entry.kind === "frame") {
      const { record, frame, stream, rttMs } = entry;
      this.#item({
        ...at,
        direction: record.direction,
        bytes: record.bytes.length + record.omittedBytes,
        omittedBytes: record.omittedBytes,
        type: frame === null ? null : frameName(frame.type),
        stream: stream?.id ?? null,
        index: frame !== null && "index" in frame ? frame.index : null,
        text: frame === null ? "" : frameWords(frame),
        rttMs,
      });
    } else if (entry.record.kind === "event") {
      this.#item({ ...at, event: entry.record.event });
    } else if (entry.record.kind === "gap") {
      const { messages, bytes, events } = entry.record;
      this.#item({ ...at, messages, bytes, events });
    } else if (entry.record.kind === "malformed") {
      const { direction, length, reason } = entry.record;
      this.#item({ ...at, direction, length, reason });
    } else {
      this.#item({ ...at, header: entry.record.header });
    }
  }

  end(summary: Summary, { damage, interruptedAt }: Ending): void {
    const said = damage === null ? null : {
      offset: damage.offset,
      record: damage.recordNumber,
      truncated: damage.truncated,
      message: damage.message,
    };
    this.#output.line(
      `\n],\n"summary":${JSON.stringify(summary)},\n"damage":${
        JSON.stringify(said)
      },\n"interruptedAt":${interruptedAt}}`,
    );
  }

  #item(value: unknown): void {
    this.#output.write(`${this.#count++ === 0 ? "\n" : ",\n"}${JSON.stringify(value)}`);
  }
}
