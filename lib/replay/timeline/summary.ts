import type { LinkRow } from "./link_rows.ts";
import type { RttBin } from "./rtt_series.ts";
import type { StreamRow } from "./stream_rows.ts";

/** What a capture comes to. Streams are those selected; frames, links and round trips are all. */
export interface Summary {
  /** Of the last record, microseconds since the capture began. */
  lengthUs: number;
  records: number;
  frames: { sent: number; received: number };
  /** Messages that held what is no frame, and frames that are none any more. */
  malformed: number;
  gaps: { count: number; messages: number; bytes: number; events: number };
  streams: StreamTotals;
  links: { count: number; dropped: number; lost: number; refused: number; resumed: number; rows: LinkRow[] };
  rtt: { count: number; minMs: number; meanMs: number; maxMs: number; bins: RttBin[] };
}

export interface StreamTotals {
  count: number;
  http: number;
  websockets: number;
  /** Responses by their first digit: `2xx`. */
  statuses: Record<string, number>;
  resets: number;
  /** Not over when the capture ended. */
  open: number;
  /** Streams that outlived a link. */
  survivors: number;
  requestBytes: number;
  responseBytes: number;
  messagesFromClient: number;
  messagesFromOrigin: number;
}

export function noStreams(): StreamTotals {
  return {
    count: 0,
    http: 0,
    websockets: 0,
    statuses: {},
    resets: 0,
    open: 0,
    survivors: 0,
    requestBytes: 0,
    responseBytes: 0,
    messagesFromClient: 0,
    messagesFromOrigin: 0,
  };
}

export function addStream(totals: StreamTotals, row: StreamRow): void {
  totals.count++;
  if (row.kind === "http") totals.http++;
  else totals.websockets++;
  if (row.status !== null) {
    const status = `${Math.floor(row.status / 100)}xx`;
    totals.statuses[status] = (totals.statuses[status] ?? 0) + 1;
  }
  if (row.reset !== null) totals.resets++;
  if (row.collected === null) totals.open++;
  if (row.linkChanges > 0) totals.survivors++;
  totals.requestBytes += row.requestBytes;
  totals.responseBytes += row.responseBytes;
  totals.messagesFromClient += row.messagesFromClient;
  totals.messagesFromOrigin += row.messagesFromOrigin;
}
