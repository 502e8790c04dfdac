/**
 * Writes `schemas/protocol-vectors.json` anew: frames of every type as JSON and as the bytes they travel in, and bytes
 * that are no message. The bytes are made by cbor-x from the layouts below, which follow `schemas/protocol.cddl`: nothing
 * of the program's own codec has a part in it.
 *
 * usage: deno task vectors
 */
import { Encoder } from "cbor-x";

type Json = string | number | boolean | Json[] | { [name: string]: Json };
type Fields = Record<string, Json>;

/** One frame: its name and fields as `schemas/protocol.cddl` has them. Byte strings are given in hexadecimal. */
export interface Vector {
  /** What is special about it. */
  about: string;
  frame: { type: string } & Fields;
  hex: string;
}

/** A message that breaks the protocol. */
export interface Malformed {
  about: string;
  hex: string;
}

interface Layout {
  type: number;
  fields: string[];
}

export interface Vectors {
  about: string;
  version: number;
  frames: Vector[];
  malformed: Malformed[];
}

const id = "gateway-id request-id index";

/** Type number and fields in order. */
const layouts: Record<string, Layout> = {
  "hello": layout(
    0,
    "min-version max-version session-id runner-name agent resume-gateway-id initial-window",
  ),
  "go-away": layout(1, "drain-ms reason"),
  "welcome": layout(2, "version gateway-id resumed resume-window-ms initial-window agent"),
  "probe": layout(3, "probe-id origin payload"),
  "ping": layout(4, "sequence sent-at-us"),
  "probe-reply": layout(5, "probe-id held-us origin-us origin-status replied-at-us problem payload"),
  "pong": layout(6, "sequence sent-at-us received-at-us replied-at-us"),
  "probe-ready": layout(7, "agent session-id sessions"),
  "resume": layout(8, "last streams"),
  "probe-result": layout(
    9,
    "probe-id gateway-held-us gateway-replied-at-us runner-held-us origin-us origin-status " +
      "runner-replied-at-us problem payload",
  ),
  "error": layout(10, "code message"),
  "request-start": layout(32, `${id} method target headers has-body`),
  "body-chunk": layout(34, `${id} bytes`),
  "body-end": layout(36, `${id} cut stop trailers`),
  "response-start": layout(38, `${id} status reason headers`),
  "reset": layout(40, `${id} code reason`),
  "ws-open": layout(42, `${id} target headers resumed subprotocol`),
  "ws-accept": layout(44, `${id} headers together`),
  "ws-message": layout(46, `${id} binary final bytes`),
  "ws-messages": layout(54, `${id} binary sizes bytes`),
  "ws-close": layout(48, `${id} code reason`),
  "ack": layout(50, `${id} credit`),
  "response": layout(52, `${id} status reason headers bytes`),
};

const byteStrings = new Set([
  "hello.session-id",
  "probe.payload",
  "probe-reply.payload",
  "probe-result.payload",
]);
for (const frame of ["body-chunk", "ws-message", "ws-messages", "response"]) {
  byteStrings.add(`${frame}.bytes`);
}
const position = ["request-id", "received", "delivered", "credit"];

const encoder = new Encoder({ useRecords: false, tagUint8Array: false });

function layout(type: number, fields: string): Layout {
  return { type, fields: fields.split(" ") };
}

function vector(about: string, type: string, fields: Fields): Vector {
  const { type: number, fields: names } = layouts[type];
  const given = Object.keys(fields);
  if (given.join() !== names.join()) throw new TypeError(`${about}: ${type} has ${names}, found ${given}`);
  const items = names.filter((name) => fields[name] !== false || name !== "together")
    .map((name) => itemOf(`${type}.${name}`, fields[name]));
  return { about, frame: { type, ...fields }, hex: encoder.encode([number, ...items]).toHex() };
}

/** A field as CBOR has it; cbor-x makes a float of a number above 32 bits unless it is a bigint. */
function itemOf(field: string, value: Json): unknown {
  if (byteStrings.has(field)) return Uint8Array.fromHex(value as string);
  if (field === "resume.streams") {
    return (value as Fields[]).flatMap((stream) => position.map((name) => itemOf(name, stream[name])));
  }
  if (typeof value === "number" && value > 0xffff_ffff) return BigInt(value);
  return value;
}

const biggest = Number.MAX_SAFE_INTEGER;
const stream = { "gateway-id": 0x9f3ac01b, "request-id": 42, "index": 0 };
const lastStream = { "gateway-id": 0xffff_ffff, "request-id": 0xffff_ffff, "index": 0xffff };
const sessionId = "000102030405060708090a0b0c0d0e0f";

const frames: Vector[] = [
  vector("a runner that holds nothing", "hello", {
    ...{ "min-version": 1, "max-version": 1, "session-id": sessionId, "runner-name": "default" },
    ...{ "agent": "tunnel/0.1.0", "resume-gateway-id": 0, "initial-window": 262_144 },
  }),
  vector("a runner that comes back, largest values", "hello", {
    ...{
      "min-version": 1,
      "max-version": 0xffff,
      "session-id": "ff".repeat(16),
      "runner-name": "a".repeat(63),
    },
    ...{ "agent": "Läufer/2 ✓", "resume-gateway-id": 0xffff_ffff, "initial-window": 16_777_216 },
  }),
  vector("nothing goes on", "welcome", {
    ...{ "version": 1, "gateway-id": 0x9f3ac01b, "resumed": false, "resume-window-ms": 30_000 },
    ...{ "initial-window": 262_144, "agent": "tunnel/0.1.0" },
  }),
  vector("the session goes on", "welcome", {
    ...{ "version": 1, "gateway-id": 1, "resumed": true, "resume-window-ms": 0, "initial-window": 65_536 },
    "agent": "",
  }),
  vector("no streams", "resume", { "last": true, "streams": [] }),
  vector("two streams, more to follow", "resume", {
    "last": false,
    "streams": [
      { "request-id": 1, "received": 0, "delivered": 0, "credit": 262_144 },
      { "request-id": 0xffff_ffff, "received": 0xffff, "delivered": 0xfffe, "credit": biggest },
    ],
  }),
  vector("the first", "ping", { "sequence": 0, "sent-at-us": 1_785_405_600_000_000 }),
  vector("the last before it wraps", "ping", { "sequence": 0xffff_ffff, "sent-at-us": 0 }),
  vector("four clocks", "pong", {
    ...{ "sequence": 24, "sent-at-us": 1_785_405_600_000_000 },
    ...{ "received-at-us": 1_785_405_600_000_123, "replied-at-us": 1_785_405_600_000_124 },
  }),
  vector("a drain of ten seconds", "go-away", {
    "drain-ms": 10_000,
    "reason": "the gateway is shutting down",
  }),
  vector("a goodbye", "go-away", { "drain-ms": 0, "reason": "" }),
  vector("another version", "error", {
    "code": 2,
    "message": "this gateway speaks protocol versions 1 to 1",
  }),
  vector("as far as the runner, no payload", "probe", { "probe-id": 0, "origin": false, "payload": "" }),
  vector("on to the origin", "probe", {
    "probe-id": 0xffff_ffff,
    "origin": true,
    "payload": "00".repeat(24),
  }),
  vector("the origin was asked", "probe-reply", {
    ...{ "probe-id": 7, "held-us": 1_200, "origin-us": 1_100, "origin-status": 200 },
    ...{ "replied-at-us": 1_785_405_600_000_000, "problem": "", "payload": "0badcafe" },
  }),
  vector("the origin cannot be reached", "probe-reply", {
    ...{ "probe-id": 8, "held-us": 55, "origin-us": 0, "origin-status": 0, "replied-at-us": biggest },
    ...{ "problem": "cannot connect to 127.0.0.1:3000", "payload": "" },
  }),
  vector("one session, three strings", "probe-ready", {
    "agent": "tunnel/0.1.0",
    "session-id": sessionId,
    "sessions": [sessionId, "127.0.0.1", "tunnel/0.1.0"],
  }),
  vector("all the way", "probe-result", {
    ...{ "probe-id": 7, "gateway-held-us": 1_900, "gateway-replied-at-us": 1_785_405_600_000_500 },
    ...{ "runner-held-us": 1_200, "origin-us": 1_100, "origin-status": 200 },
    ...{ "runner-replied-at-us": 1_785_405_600_000_000, "problem": "", "payload": "0badcafe" },
  }),
  vector("a request without a body", "request-start", {
    ...stream,
    ...{ "method": "GET", "target": "/a?b=c", "headers": ["Host", "app.example.com"], "has-body": false },
  }),
  vector("headers that repeat, are empty, or are not ASCII: one character a byte", "request-start", {
    ...lastStream,
    ...{ "method": "POST", "target": "*", "headers": ["X-A", "", "x-a", "caf\u00e9", "X-A", "\u00ff"] },
    "has-body": true,
  }),
  vector("one byte", "body-chunk", { ...stream, "index": 1, "bytes": "00" }),
  vector("256 bytes", "body-chunk", { ...lastStream, "bytes": "5a".repeat(256) }),
  vector("a body that is whole", "body-end", {
    ...stream,
    "index": 2,
    "cut": false,
    "stop": false,
    "trailers": [],
  }),
  vector("a response that wants no more of the request", "body-end", {
    ...stream,
    ...{ "index": 3, "cut": false, "stop": true, "trailers": ["Checksum", "1"] },
  }),
  vector("a body that was cut short for it", "body-end", {
    ...stream,
    ...{ "index": 23, "cut": true, "stop": false, "trailers": [] },
  }),
  vector("a plain answer", "response-start", {
    ...stream,
    ...{ "status": 200, "reason": "OK", "headers": ["Content-Length", "2"] },
  }),
  vector("the largest status, no reason", "response-start", {
    ...lastStream,
    ...{ "status": 999, "reason": "", "headers": [] },
  }),
  vector("the client went away", "reset", {
    ...stream,
    "code": 0,
    "reason": "the client closed the connection",
  }),
  vector("nobody came back", "reset", { ...lastStream, "code": 9, "reason": "" }),
  vector("a client that connects", "ws-open", {
    ...stream,
    ...{ "target": "/chat", "headers": ["Host", "a", "Sec-WebSocket-Protocol", "x, y"], "resumed": false },
    "subprotocol": "",
  }),
  vector("a client that wakes", "ws-open", {
    ...stream,
    ...{ "target": "/chat", "headers": [], "resumed": true, "subprotocol": "y" },
  }),
  vector("accepted with a subprotocol", "ws-accept", {
    ...stream,
    ...{ "headers": ["Sec-WebSocket-Protocol", "y"], "together": false },
  }),
  vector("accepted by who takes several messages in one frame", "ws-accept", {
    ...stream,
    ...{ "headers": [], "together": true },
  }),
  vector("a whole text", "ws-message", {
    ...{ ...stream, "index": 1 },
    ...{ "binary": false, "final": true, "bytes": "68656c6c6f" },
  }),
  vector("an empty part of a binary message", "ws-message", {
    ...{ ...stream, "index": 0xff },
    ...{ "binary": true, "final": false, "bytes": "" },
  }),
  vector("three texts that came together", "ws-messages", {
    ...{ ...stream, "index": 2 },
    ...{ "binary": false, "sizes": [5, 1, 24], "bytes": "68656c6c6f" + "21" + "2d".repeat(24) },
  }),
  vector("two binary messages, one of them of 256 bytes", "ws-messages", {
    ...lastStream,
    ...{ "binary": true, "sizes": [256, 1], "bytes": "00".repeat(256) + "ff" },
  }),
  vector("a normal close", "ws-close", { ...stream, "index": 24, "code": 1000, "reason": "bye" }),
  vector("broken off without a close frame", "ws-close", {
    ...stream,
    "index": 0x100,
    "code": 1006,
    "reason": "",
  }),
  vector("the longest reason, in bytes", "ws-close", {
    ...lastStream,
    ...{ "code": 4999, "reason": "\u00e9".repeat(61) + "e" },
  }),
  vector("nothing delivered yet, the first credit", "ack", { ...stream, "credit": 262_144 }),
  vector("the largest credit", "ack", { ...lastStream, "credit": biggest }),
  vector("a whole answer", "response", {
    ...stream,
    ...{ "status": 200, "reason": "OK", "headers": ["Content-Length", "2"], "bytes": "6f6b" },
  }),
  vector("a whole answer without a body", "response", {
    ...stream,
    ...{ "status": 204, "reason": "No Content", "headers": [], "bytes": "" },
  }),
  vector("the largest status, no reason, headers that are not ASCII", "response", {
    ...lastStream,
    ...{ "status": 999, "reason": "", "headers": ["X-A", "caf\u00e9", "x-a", ""], "bytes": "5a".repeat(256) },
  }),
];

const malformed: Malformed[] = [
  { about: "an empty frame", hex: "80" },
  { about: "a frame that is no array", hex: "04" },
  { about: "an array of indefinite length", hex: "9f040000ff" },
  { about: "a head that is not the shortest", hex: "8318040000" },
  { about: "a number that is not the shortest", hex: "830419000100" },
  { about: "a length that is not the shortest", hex: "9803040000" },
  { about: "a ping with an item too few", hex: "820400" },
  { about: "a ping with an item too many", hex: "8404000000" },
  { about: "a negative sequence", hex: "83042000" },
  { about: "a sequence above 32 bits", hex: "83041b000000010000000000" },
  { about: "a time above 2^53 - 1", hex: "8304001b0020000000000000" },
  { about: "a float for a time", hex: "830400fb0000000000000000" },
  { about: "a tagged time", hex: "830400c100" },
  { about: "a text where bytes are due", hex: "85220101016161" },
  { about: "null for a boolean", hex: "8308f680" },
  { about: "a map for a list", hex: "8308f5a0" },
  { about: "a text that is not UTF-8", hex: "83010061ff" },
  { about: "a text with half a surrogate pair", hex: "83010063eda080" },
  { about: "a text of indefinite length", hex: "8301007f6161ff" },
  { about: "an empty body chunk", hex: "85182201010040" },
  { about: "a status below 200", hex: "87182601010018c76080" },
  { about: "a whole response with a status below 200", hex: "88183401010018c7608040" },
  { about: "a whole response whose headers are no pairs", hex: "88183401010018c8608161614100" },
  { about: "a whole response without its body", hex: "87183401010018c86080" },
  { about: "a whole response with a text for its body", hex: "88183401010018c8608060" },
  { about: "one message where there are to be several", hex: "871836010100f5810141aa" },
  { about: "several messages of which one is empty", hex: "871836010100f582010041aa" },
  { about: "several messages with less than their sizes", hex: "871836010100f582010241aaaa" },
  { about: "several messages with more than their sizes", hex: "871836010100f582010143aaaaaa" },
  {
    about: "more messages than may come together",
    hex: "871836010100f5990401" + "01".repeat(1025) + "590401" + "aa".repeat(1025),
  },
  { about: "sizes above 64 KiB in all", hex: "871836010100f58219ffff19ffff41aa" },
  { about: "a flag that is to be left out where it is false", hex: "86182c01010080f4" },
  { about: "headers that are no pairs", hex: "85182c010100816161" },
  { about: "a close code below 1000", hex: "8618300101001903e760" },
  { about: "a session id of 15 bytes", hex: "880001014f" + "00".repeat(15) + "616160001a00040000" },
  { about: "streams that are no fours", hex: "8308f583010000" },
  { about: "an even type that is not known", hex: "81181e" },
  { about: "a type that is no number", hex: "816161" },
  { about: "more than 64 items of a later frame", hex: "9841181f" + "00".repeat(64) },
  { about: "a later frame nested too deep", hex: "82181f" + "81".repeat(9) + "00" },
  { about: "a length far beyond the message", hex: "8518220101005b7fffffffffffffff" },
  { about: "a second frame that is cut short", hex: "83040000830400" },
];

/** Everything the file holds. */
export const vectors: Vectors = {
  about:
    "Frames of the link between runner and gateway as schemas/protocol.cddl has them: fields by name, byte strings " +
    "in hexadecimal, and the one encoding of each. Messages under malformed break the protocol.",
  version: 1,
  frames,
  malformed,
};

/** The file's text. */
export const vectorsText: string = JSON.stringify(vectors, null, 2) + "\n";

if (import.meta.main) {
  await Deno.writeTextFile(new URL("../schemas/protocol-vectors.json", import.meta.url), vectorsText);
}
