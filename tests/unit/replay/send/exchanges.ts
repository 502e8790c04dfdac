import {
  type CapturedAnswer,
  type CapturedBody,
  type CapturedExchange,
  type CapturedMessage,
  emptyBody,
  type Origin,
  type StoredBytes,
} from "../../../../lib/capture/mod.ts";

/** Bytes in memory; of them the last `omittedBytes` were left out by the capture. */
export function stored(content: string | Uint8Array, omittedBytes = 0): StoredBytes {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content.slice();
  bytes.fill(0, bytes.length - omittedBytes);
  return { length: bytes.length, omittedBytes, read: () => bytes };
}

/** A whole body of these parts. */
export function bodyOf(...parts: StoredBytes[]): CapturedBody {
  return {
    ...emptyBody(),
    parts: parts.map((bytes) => ({ timeUs: 2000, bytes })),
    length: parts.reduce((sum, { length }) => sum + length, 0),
    omittedBytes: parts.reduce((sum, { omittedBytes }) => sum + omittedBytes, 0),
    endedAtUs: 3000,
  };
}

export function answerOf(body: CapturedBody, fields: Partial<CapturedAnswer> = {}): CapturedAnswer {
  return { timeUs: 2000, status: 200, reason: "OK", headers: [], body, ...fields };
}

/** A GET from 1 ms to 3 ms that was answered. */
export function exchangeOf(fields: Partial<CapturedExchange> = {}): CapturedExchange {
  return {
    id: "00000001-1",
    gatewayId: 1,
    requestId: 1,
    kind: "http",
    startedAtUs: 1000,
    endedAtUs: 3000,
    method: "GET",
    target: "/a",
    headers: ["Host", "shop"],
    body: { ...emptyBody(), endedAtUs: 1000 },
    answer: answerOf(bodyOf()),
    messages: [],
    resumed: false,
    subprotocol: "",
    closes: [],
    reset: null,
    links: [1],
    linkChanges: 0,
    collected: "finished",
    hasBeginning: true,
    hasGaps: false,
    ...fields,
  };
}

export function messageOf(
  from: Origin,
  timeUs: number,
  content: string | Uint8Array,
  omittedBytes = 0,
): CapturedMessage {
  const part = stored(content, omittedBytes);
  return {
    timeUs,
    endedAtUs: timeUs,
    from,
    binary: typeof content !== "string",
    parts: [part],
    length: part.length,
    omittedBytes,
    complete: true,
  };
}
