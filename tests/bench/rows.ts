/** What a row is held to. Ratios are the tunnel's figure over two nginx's, from the same rounds. */
export interface Target {
  /** Least rate against two nginx. */
  rateRatio?: number;
  /** Largest 99th percentile of latency against two nginx. */
  p99Ratio?: number;
  /** Largest median round trip above the direct one, milliseconds. */
  addedMs?: number;
  /** Largest figure, in the row's unit. */
  atMost?: number;
}

interface RowBase {
  id: string;
  title: string;
  target: Target | null;
}

/** Requests on kept-alive connections, one at a time on each. */
export interface HttpRow extends RowBase {
  kind: "http";
  path: string;
  connections: number;
}

/** Echoes of binary WebSocket messages. */
export interface WebSocketRow extends RowBase {
  kind: "websocket";
  connections: number;
  /** Messages under way on each connection. */
  inFlight: number;
  messageBytes: number;
}

/** Large bodies; `streams` of them at once share `totalBytes`. */
export interface TransferRow extends RowBase {
  kind: "transfer";
  direction: "download" | "upload";
  streams: number;
  totalBytes: number;
}

/** Client WebSockets that are open and silent. */
export interface IdleRow extends RowBase {
  kind: "idle";
  sockets: number;
}

/** From the start of a command's process until it says that it is ready. */
export interface StartupRow extends RowBase {
  kind: "startup";
}

/** Rows that are measured on every way, by the same load. */
export type LoadRow = HttpRow | WebSocketRow | TransferRow;
export type Row = LoadRow | IdleRow | StartupRow;

const gibibyte = 1024 ** 3;
const evenWithNginx: Target = { rateRatio: 1 };

/** All rows, in the order they are measured and printed. */
export const rows: readonly Row[] = [
  http("http1", "HTTP, 5 bytes, 1 connection", { path: "/hello", connections: 1, target: null }),
  http("http32", "HTTP, 5 bytes, 32 connections", {
    path: "/hello",
    connections: 32,
    target: { rateRatio: 1, p99Ratio: 2 },
  }),
  http("http256", "HTTP, 5 bytes, 256 connections", {
    path: "/hello",
    connections: 256,
    target: { rateRatio: 1, p99Ratio: 2 },
  }),
  http("http16k", "HTTP, 16 KiB, 32 connections", {
    path: "/16k",
    connections: 32,
    target: evenWithNginx,
  }),
  webSocket("ws1", "WebSocket, 64 B, 1 connection", {
    connections: 1,
    inFlight: 1,
    messageBytes: 64,
    target: { addedMs: 0.1 },
  }),
  webSocket("ws32", "WebSocket, 64 B, 32 connections", {
    connections: 32,
    inFlight: 1,
    messageBytes: 64,
    target: evenWithNginx,
  }),
  webSocket("ws32x16", "WebSocket, 64 B, 32 connections, 16 in flight", {
    connections: 32,
    inFlight: 16,
    messageBytes: 64,
    target: evenWithNginx,
  }),
  webSocket("ws64k", "WebSocket, 64 KiB, 4 connections", {
    connections: 4,
    inFlight: 1,
    messageBytes: 64 * 1024,
    target: evenWithNginx,
  }),
  transfer("download", "Download of 1 GiB, 1 stream", "download", 1),
  transfer("upload", "Upload of 1 GiB, 1 stream", "upload", 1),
  transfer("download8", "Download of 1 GiB, 8 streams", "download", 8),
  { kind: "idle", id: "idle", title: "Idle WebSockets", sockets: 5_000, target: null },
  { kind: "startup", id: "startup", title: "Start-up to ready", target: { atMost: 150 } },
];

export const rowIds: readonly string[] = rows.map((row) => row.id);

/** Smaller bodies and fewer sockets, for a short pass. Rates stay comparable; memory of fewer sockets does not. */
export function shortened(row: Row): Row {
  switch (row.kind) {
    case "transfer":
      return { ...row, title: row.title.replace("1 GiB", "256 MiB"), totalBytes: row.totalBytes / 4 };
    case "idle":
      return { ...row, sockets: 1_000 };
    case "http":
    case "websocket":
    case "startup":
      return row;
    default:
      return row satisfies never;
  }
}

/** What one unit of a load row's rate is. */
export function unitOf(row: LoadRow): string {
  switch (row.kind) {
    case "http":
      return "requests/s";
    case "websocket":
      return "messages/s";
    case "transfer":
      return "MiB/s";
    default:
      return row satisfies never;
  }
}

function http(id: string, title: string, rest: Pick<HttpRow, "path" | "connections" | "target">): HttpRow {
  return { kind: "http", id, title, ...rest };
}

function webSocket(
  id: string,
  title: string,
  rest: Pick<WebSocketRow, "connections" | "inFlight" | "messageBytes" | "target">,
): WebSocketRow {
  return { kind: "websocket", id, title, ...rest };
}

function transfer(
  id: string,
  title: string,
  direction: "download" | "upload",
  streams: number,
): TransferRow {
  const target = direction === "download" ? { rateRatio: 0.7 } : null;
  return { kind: "transfer", id, title, direction, streams, totalBytes: gibibyte, target };
}
