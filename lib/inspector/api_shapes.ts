import type { LinkChange, LinkEvent, LinkStatus, StreamStatus } from "../telemetry/mod.ts";

/** What `GET /api/status` says of the process. */
export interface StatusJson {
  side: "gateway" | "runner";
  /** Program and version. */
  agent: string;
  /** Where clients reach the gateway, such as `http://localhost:8080/`. */
  url: string;
  /** Milliseconds since 1970. */
  startedAt: number;
  now: number;
  draining: boolean;
  /** Links that are up. */
  links: number;
  streams: number;
  hibernating: number;
  bufferedBytes: number;
  /** `unrecorded`: exchanges that went by too fast. */
  history: { max: number; unrecorded: number };
}

/** A session and its link, as `GET /api/links` tells of it. */
export interface LinkJson extends LinkStatus {
  /** Of the newest round trips; `null` before the first. */
  percentiles: RttPercentiles | null;
  /** Oldest first, milliseconds. */
  recentRttMs: number[];
}

export type StreamJson = StreamStatus;

export interface RttPercentiles {
  samples: number;
  p50Ms: number;
  p90Ms: number;
  p99Ms: number;
}

/** One bin of the chart of a link's round trips. */
export interface RttBin {
  /** Beginning of the bin, milliseconds since 1970. */
  at: number;
  samples: number;
  meanMs: number;
  maxMs: number;
}

/** What became of a link. */
export interface LinkEventJson extends LinkEvent {
  /** Milliseconds since 1970. */
  at: number;
}

/** An exchange as lists show it. Times are milliseconds; `startedAt` since 1970. */
export interface ExchangeSummary {
  id: number;
  kind: "http" | "websocket";
  method: string;
  target: string;
  host: string;
  client: string;
  runner: string;
  startedAt: number;
  durationMs: number;
  firstByteMs: number | null;
  /** 0 while there is no answer. */
  status: number;
  state: "open" | "done";
  problem: string | null;
  requestBytes: number;
  responseBytes: number;
  messages: { received: number; sent: number };
  linkChanges: number;
  /** What became last of the link that carries it; `null` while nothing did. */
  lastLinkChange: LinkChange | null;
  replayOf: number | null;
}

/** Headers as they came: name and value, in order. */
export type HeaderPair = [name: string, value: string];

/** A body, or a message, as far as it was kept. */
export interface BodyJson {
  /** Length on the way. */
  bytes: number;
  keptBytes: number;
  /** Content coding that was undone for `text` or `base64`; `null`: none. */
  unpacked: string | null;
  /** What was kept, when it is text; else `null`. */
  text: string | null;
  /** What was kept, when it is not text; else `null`. */
  base64: string | null;
}

export interface MessageJson extends BodyJson {
  atMs: number;
  direction: "received" | "sent";
  binary: boolean;
}

/** Everything that is kept of an exchange. */
export interface ExchangeDetail extends ExchangeSummary {
  streams: string[];
  requestHeaders: HeaderPair[];
  responseHeaders: HeaderPair[];
  requestBody: BodyJson;
  responseBody: BodyJson;
  messageList: MessageJson[];
  closes: { atMs: number; direction: "received" | "sent"; code: number | null; reason: string }[];
  linkChangeList: { atMs: number; change: string; detail: string }[];
}
