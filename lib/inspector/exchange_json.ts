import { headerValue } from "../http1/mod.ts";
import type { ExchangeSummary } from "./api_shapes.ts";
import type { ExchangeRecord } from "./exchange_record.ts";

/** An exchange as lists show it. */
export function exchangeSummary(record: ExchangeRecord): ExchangeSummary {
  const { start, end } = record;
  return {
    id: record.id,
    kind: start.kind,
    method: start.method,
    target: start.target,
    host: headerValue(start.headers, "host") ?? "",
    client: start.client,
    runner: start.runner,
    startedAt: record.startedAt,
    durationMs: record.durationMs,
    firstByteMs: record.firstByteMs,
    status: record.status,
    state: end === null ? "open" : "done",
    problem: end?.problem ?? null,
    requestBytes: record.requestBytes.totalBytes,
    responseBytes: record.responseBytes.totalBytes,
    messages: { ...record.messageCounts },
    linkChanges: record.linkChanges.length,
    lastLinkChange: record.linkChanges.at(-1)?.change ?? null,
    replayOf: start.replayOf === undefined ? null : Number(start.replayOf),
  };
}
