import fc from "fast-check";
import {
  type CapturedBody,
  type CapturedExchange,
  type CapturedMessage,
  MemoryStore,
  type StoredBytes,
} from "../../../lib/capture/mod.ts";

const store = new MemoryStore();

function latin1(characters: string, maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...characters), maxLength });
}

const visible = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i)).join("");
const beyondAscii = "\x80\xa0\xe4\xff";
const value = latin1(`${visible} \t${beyondAscii}`, 20).map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ""));
/** Names that mean something to one connection, or that a HAR's reader fits to the content, are not among them. */
const header = fc.tuple(
  fc.constantFrom(
    "Accept",
    "x-a",
    "X-Forwarded-Proto",
    "Cookie",
    "Set-Cookie",
    "Location",
    "ETag",
    "!#$%&'*+-.^_`|~",
  ),
  value,
);
const contentType = fc.constantFrom(
  ...[[], ["Content-Type", "text/html; charset=iso-8859-1"], ["content-type", "application/json"]],
);
const headers = fc.tuple(fc.array(header, { maxLength: 5 }), contentType)
  .map(([pairs, type]) => [...type, ...pairs.flat()]);
const host = fc.constantFrom("example.com", "127.0.0.1:8080", "[::1]:80", "x.localhost");
const target = fc.tuple(
  latin1(`${visible.replace(/[#?]/g, "")}${beyondAscii}`, 12),
  fc.option(latin1(`${visible.replace("#", "")}${beyondAscii}`, 12), { nil: null }),
).map(([path, query]) => `/${path}${query === null ? "" : `?${query}`}`);

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => new TextEncoder().encode(text)),
  fc.constantFrom("\ufeffbom", '{"a":"\\u0000"}', "</script>\u2028").map((text) =>
    new TextEncoder().encode(text)
  ),
);
const gap = fc.nat(5_000_000);

function part(bytes: Uint8Array, omitted: number): StoredBytes {
  return store.keep(new Uint8Array([...bytes, ...new Uint8Array(omitted)]), omitted);
}

/** A body whose parts came after `startUs`. What is left out stands at its end. */
const body = fc.record({
  parts: fc.array(fc.tuple(bytes, gap), { maxLength: 4 }),
  omitted: fc.oneof(fc.constant(0), fc.nat(1000)),
  ended: fc.boolean(),
  cut: fc.boolean(),
  trailers: fc.array(header, { maxLength: 2 }).map((pairs) => pairs.flat()),
}).map(({ parts, omitted, ended, cut, trailers }) => (startUs: number): CapturedBody => {
  let timeUs = startUs;
  const stored = parts.map(([bytes, gapUs]) => ({ timeUs: timeUs += gapUs, bytes: part(bytes, 0) }));
  if (omitted > 0) stored.push({ timeUs, bytes: part(new Uint8Array(0), omitted) });
  const length = stored.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return { parts: stored, length, omittedBytes: omitted, endedAtUs: ended ? timeUs : null, cut, trailers };
});

const message = fc.record({
  fromClient: fc.boolean(),
  gapUs: gap,
  lastsUs: fc.oneof(fc.constant(0), gap),
  content: fc.oneof(
    fc.record({ binary: fc.constant(true), parts: fc.array(bytes, { minLength: 1, maxLength: 3 }) }),
    fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => ({
      binary: false,
      parts: [new TextEncoder().encode(text)],
    })),
  ),
  omitted: fc.oneof(fc.constant(0), fc.nat(1000)),
  complete: fc.boolean(),
});

const ending = fc.record({
  fromClient: fc.boolean(),
  code: fc.constantFrom(1000, 1005, 1006, 4001),
  reason: fc.string({ unit: "grapheme", maxLength: 10 }),
  gapUs: gap,
}).map(({ fromClient, code, reason, gapUs }) => (startUs: number) => ({
  timeUs: startUs + gapUs,
  from: fromClient ? "client" as const : "origin" as const,
  code,
  reason,
}));

const common = {
  startedAtUs: gap,
  waitUs: gap,
  headers: fc.tuple(host, headers).map(([host, others]) => ["Host", host, ...others]),
  target,
  requestId: fc.integer({ min: 1, max: 0xffff_ffff }),
  reset: fc.option(ending, { nil: null, freq: 5 }),
  linkChanges: fc.nat(2),
  hasGaps: fc.boolean(),
};

function begun(
  given: {
    startedAtUs: number;
    headers: readonly string[];
    target: string;
    requestId: number;
    linkChanges: number;
    hasGaps: boolean;
  },
): Omit<CapturedExchange, "kind" | "body" | "answer" | "method"> {
  const { startedAtUs, requestId, headers, target, linkChanges, hasGaps } = given;
  return {
    id: `0000abcd-${requestId}`,
    gatewayId: 0xabcd,
    requestId,
    startedAtUs,
    endedAtUs: startedAtUs,
    target,
    headers,
    messages: [],
    resumed: false,
    subprotocol: "",
    closes: [],
    reset: null,
    links: [1],
    linkChanges,
    collected: null,
    hasBeginning: true,
    hasGaps,
  };
}

const nobody: CapturedBody = {
  parts: [],
  length: 0,
  omittedBytes: 0,
  endedAtUs: 0,
  cut: false,
  trailers: [],
};

const httpExchange: fc.Arbitrary<CapturedExchange> = fc.record({
  ...common,
  method: fc.constantFrom("GET", "POST", "HEAD", "OPTIONS", "PROPFIND"),
  body,
  answer: fc.option(
    fc.record({ status: fc.constantFrom(200, 204, 304, 404, 599), reason: value, headers, body }),
    { nil: null, freq: 5 },
  ),
}).map(({ body, answer, method, waitUs, reset, ...given }) => {
  const exchange = begun(given);
  const timeUs = given.startedAtUs + waitUs;
  return {
    ...exchange,
    kind: "http",
    method,
    body: body(given.startedAtUs),
    answer: answer === null ? null : { ...answer, timeUs, body: answer.body(timeUs) },
    reset: reset?.(given.startedAtUs) ?? null,
  };
});

const socketExchange: fc.Arbitrary<CapturedExchange> = fc.record({
  ...common,
  answerHeaders: headers,
  messages: fc.array(message, { maxLength: 5 }),
  closes: fc.array(ending, { maxLength: 2 }),
  resumed: fc.boolean(),
  subprotocol: fc.constantFrom("", "v2"),
}).map(({ answerHeaders, messages, closes, resumed, subprotocol, waitUs, reset, ...given }) => {
  let timeUs = given.startedAtUs + waitUs;
  return {
    ...begun(given),
    kind: "websocket",
    method: "GET",
    body: nobody,
    answer: { timeUs, status: 101, reason: "", headers: answerHeaders, body: nobody },
    messages: messages.map(({ fromClient, gapUs, lastsUs, content, omitted, complete }): CapturedMessage => {
      const parts = content.parts.map((bytes) => part(bytes, 0));
      if (omitted > 0) parts.push(part(new Uint8Array(0), omitted));
      return {
        timeUs: timeUs += gapUs,
        endedAtUs: timeUs + lastsUs,
        from: fromClient ? "client" : "origin",
        binary: content.binary,
        parts,
        length: parts.reduce((sum, { length }) => sum + length, 0),
        omittedBytes: omitted,
        complete,
      };
    }),
    closes: closes.map((close) => close(given.startedAtUs)),
    reset: reset?.(given.startedAtUs) ?? null,
    resumed,
    subprotocol,
  };
});

/** What a capture may hold, HTTP and WebSocket, complete or not. */
export const exchangeArbitrary: fc.Arbitrary<CapturedExchange> = fc.oneof(httpExchange, socketExchange);
