import { formatStreamId, frameName, frameWords, resetName, type StreamFrame } from "../lib/protocol/mod.ts";
import type { CaptureHeader } from "../lib/capture/mod.ts";
import { pathOf, rttPlot, type StreamRow, type Summary, type TimelineEntry } from "../lib/replay/mod.ts";

/** What a capture is, in two lines. */
export function headerLines(header: CaptureHeader, path: string): string[] {
  const { side, tool, part, startedAtUs, protocolVersion, raw } = header;
  const started = new Date(startedAtUs / 1000).toISOString();
  return [
    `${printable(path)}: captured by the ${side} (${
      printable(tool)
    }, protocol ${protocolVersion}), part ${part}, ` +
    `from ${started} on`,
    raw
      ? "raw: secrets stand in it as they were sent"
      : `redacted: ${printable(header.settings.redacted ?? "")}`,
  ];
}

export const streamHeading = [
  "START".padStart(10),
  "DURATION".padStart(10),
  "STATUS".padEnd(8),
  "METHOD".padEnd(7),
  "UP".padStart(9),
  "DOWN".padStart(9),
  "MESSAGES".padStart(11),
  "CLOSE".padEnd(8),
  "LINKS".padEnd(8),
  "STREAM".padEnd(19),
  "PATH",
].join("  ");

/** A row a stream. */
export function streamLine(row: StreamRow): string {
  const messages = row.kind === "http" ? "-" : `${row.messagesFromClient}/${row.messagesFromOrigin}`;
  return [
    seconds(row.startUs).padStart(10),
    span(row.endUs - row.startUs).padStart(10),
    (row.status === null ? "-" : String(row.status)).padEnd(8),
    printable(row.method === "" ? "-" : row.method).padEnd(7),
    size(row.requestBytes).padStart(9),
    size(row.responseBytes).padStart(9),
    messages.padStart(11),
    closeWords(row).padEnd(8),
    linkWords(row).padEnd(8),
    row.id.padEnd(19),
    printable(row.target === "" ? "(began before the capture)" : pathOf(row.target)),
  ].join("  ") +
    (row.reset === null ? "" : `  reset by the ${row.reset.from}'s side: ${resetName(row.reset.code)}`);
}

/** A row a frame, or what else happened. */
export function entryLine(entry: TimelineEntry): string {
  const { record } = entry;
  const start = `${seconds(record.timeUs).padStart(12)}  ${`link ${record.link}`.padEnd(8)}`;
  if (entry.kind === "frame") {
    const arrow = entry.record.direction === "sent" ? "→" : "←";
    const { frame } = entry;
    if (frame === null) return `${start} ${arrow} not a frame that is known here`;
    const name = frameName(frame.type).padEnd(15);
    const id = "requestId" in frame ? `${streamFrameId(frame as StreamFrame)} ` : "";
    const omitted = entry.record.omittedBytes > 0 ? ` (${entry.record.omittedBytes} left out)` : "";
    const rtt = entry.rttMs === null ? "" : `, round trip ${entry.rttMs.toFixed(2)} ms`;
    return `${start} ${arrow} ${name} ${id}${printable(frameWords(frame))}${omitted}${rtt}`;
  }
  return `${start} · ${printable(otherWords(entry.record))}`;
}

/** What it comes to, with a plot of the round trips. */
export function summaryLines(summary: Summary): string[] {
  const { streams, links, frames, gaps, rtt } = summary;
  const statuses = Object.entries(streams.statuses).sort().map(([status, count]) => `${count} × ${status}`);
  const lines = [
    `length       ${seconds(summary.lengthUs)}, ${frames.sent} frames sent, ${frames.received} received`,
    `streams      ${streams.count}: ${streams.http} HTTP, ${streams.websockets} WebSocket` +
    (statuses.length === 0 ? "" : `; ${statuses.join(", ")}`) +
    `; ${streams.resets} reset, ${streams.open} not over`,
    `bytes        ${size(streams.requestBytes)} up, ${size(streams.responseBytes)} down`,
    `messages     ${streams.messagesFromClient} up, ${streams.messagesFromOrigin} down`,
    `links        ${links.count}: ${links.dropped} dropped, ${links.lost} lost, ${links.refused} refused, ` +
    `${links.resumed} resumed; ${streams.survivors} streams outlived a link`,
  ];
  if (gaps.count > 0) {
    lines.push(
      `GAPS         ${gaps.count}: ${gaps.messages} messages with ${
        size(gaps.bytes)
      } and ${gaps.events} events ` +
        "were not written, because the disk did not keep up",
    );
  }
  if (summary.malformed > 0) {
    lines.push(`MALFORMED    ${summary.malformed} that are no frames: --check says where`);
  }
  for (const row of links.rows.slice(0, maxLinkLines)) {
    const until = row.endUs === null ? "up" : `${row.end} at ${seconds(row.endUs)}: ${printable(row.reason)}`;
    const resumed = row.resumedStreams === null ? "" : `, carried on ${row.resumedStreams} streams`;
    const late = row.timesLate === 0 ? "" : `, late ${row.timesLate} times`;
    const runner = row.runner === "" ? "" : ` runner ${printable(row.runner)}`;
    lines.push(
      `  link ${row.link}${runner} ${printable(row.peer)} from ${
        seconds(row.startUs)
      }${resumed}${late}, ${until}`,
    );
  }
  if (links.rows.length > maxLinkLines) lines.push(`  … and ${links.rows.length - maxLinkLines} links more`);
  if (rtt.count > 0) {
    lines.push(
      `round trip   ${rtt.minMs.toFixed(2)} / ${rtt.meanMs.toFixed(2)} / ${rtt.maxMs.toFixed(2)} ms ` +
        `(least, mean, most of ${rtt.count})`,
      ...rttPlot(rtt.bins, { fromUs: 0, toUs: summary.lengthUs }),
    );
  }
  return lines;
}

/** More links than this are counted, not listed. */
const maxLinkLines = 20;

/** Seconds since the capture began, to the millisecond. */
export function seconds(us: number): string {
  return `${(us / 1e6).toFixed(3)}s`;
}

/** What came over a link may hold control characters; a terminal must not act on them. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`;
  return bytes < 1024 ** 3
    ? `${(bytes / 1024 ** 2).toFixed(1)} MiB`
    : `${(bytes / 1024 ** 3).toFixed(2)} GiB`;
}

function span(us: number): string {
  return us < 1e6 ? `${(us / 1000).toFixed(1)}ms` : seconds(us);
}

function closeWords({ close, reset, collected }: StreamRow): string {
  if (close !== null) return String(close.code);
  if (reset !== null) return "reset";
  return collected === null ? "open" : "-";
}

function linkWords({ links, linkChanges }: StreamRow): string {
  if (linkChanges === 0) return links.join(",");
  return `${links[0]}→${links.at(-1)} ×${linkChanges}`;
}

function streamFrameId({ gatewayId, requestId, index }: StreamFrame): string {
  return `${formatStreamId(gatewayId, requestId)}:${index}`;
}

function otherWords(record: Extract<TimelineEntry, { kind: "other" }>["record"]): string {
  switch (record.kind) {
    case "header":
      return `part ${record.header.part} begins`;
    case "gap":
      return `GAP: ${record.messages} messages (${
        size(record.bytes)
      }) and ${record.events} events were not written`;
    case "malformed":
      return `${record.direction} ${record.length} bytes that are no frame: ${record.reason}`;
    case "event":
      break;
  }
  const { event } = record;
  switch (event.name) {
    case "opened":
      return event.again ? `is open, ${event.peer}` : `opened, ${event.peer}`;
    case "resumed":
      return `session ${event.session} goes on with ${event.streams} streams`;
    case "dropped":
    case "lost":
    case "refused":
      return `${event.name}: ${event.reason}`;
    case "phase":
      return `heartbeat ${event.from} → ${event.to}: ${event.reason}`;
    case "collected":
      return `stream ${event.stream} collected: ${event.reason}`;
    case "unknown":
      return `${event.event} ${event.fields.join(" ")}`;
  }
}
