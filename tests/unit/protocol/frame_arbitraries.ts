import fc from "fast-check";
import {
  type Frame,
  frameTypes,
  maxId,
  maxMessagesPerFrame,
  maxPartBytes,
  maxPositionsPerFrame,
  type StreamPosition,
} from "../../../lib/protocol/mod.ts";

type Kind = keyof typeof frameTypes;
type FrameOf<K extends Kind> = Extract<Frame, { type: (typeof frameTypes)[K] }>;

/** Values on both sides of every change of a head's length, and the ends of the range. */
function uint(max: number): fc.Arbitrary<number> {
  const edges = [0, 1, 22, 23, 24, 255, 256, 65_535, 65_536, 0xffff_ffff, 0x1_0000_0000, max - 1, max];
  return fc.oneof(
    fc.constantFrom(...edges.filter((edge) => edge <= max)),
    fc.maxSafeNat().map((n) => n % (max + 1)),
  );
}

const u16 = uint(0xffff);
const u32 = uint(maxId);
const uint53 = uint(Number.MAX_SAFE_INTEGER);

/** ASCII, latin1, any script, and lengths on both sides of each way that text is written and read. */
const text = fc.oneof(
  fc.string({ unit: "binary-ascii", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.array(fc.integer({ min: 0x20, max: 0xff }), { maxLength: 40 }).map((units) =>
    String.fromCharCode(...units)
  ),
  fc.tuple(
    fc.constantFrom(0, 23, 24, 95, 96, 127, 128, 255, 256, 1000),
    fc.constantFrom("", "é", "\u{1f600}"),
  )
    .map(([length, end]) => "t".repeat(length) + end),
);
const shortText = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.nat(123).map((length) => "r".repeat(length)),
)
  .filter((value) => new TextEncoder().encode(value).length <= 123);

function bytes(minLength: number): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    fc.uint8Array({ minLength, maxLength: 64 }),
    fc.constantFrom(23, 24, 255, 256, 1000, 65_535, 65_536).map((length) =>
      new Uint8Array(length).fill(length)
    ),
  );
}

/** Small and smallest messages, as many as may be, and as long. */
const messageSizes = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 2, maxLength: 40 }),
  fc.constantFrom([1, maxPartBytes - 1], [23, 24, 255, 256], new Array<number>(maxMessagesPerFrame).fill(64)),
);

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

function patterned(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at * 31);
}

const headers = fc.array(fc.tuple(text, text), { maxLength: 12 }).map((pairs) => pairs.flat());
const position: fc.Arbitrary<StreamPosition> = fc.record(
  { requestId: u32, received: u16, delivered: u16, credit: uint53 },
  { noNullPrototype: true },
);
const positions = fc.oneof(
  { weight: 20, arbitrary: fc.array(position, { maxLength: 12 }) },
  { weight: 1, arbitrary: position.map((one) => new Array<StreamPosition>(maxPositionsPerFrame).fill(one)) },
);

const ids = { gatewayId: u32, requestId: u32, index: u16 };

function record<K extends Kind>(
  kind: K,
  fields: { [F in Exclude<keyof FrameOf<K>, "type">]: fc.Arbitrary<FrameOf<K>[F]> },
): fc.Arbitrary<Frame> {
  const model = { type: fc.constant(frameTypes[kind]), ...fields };
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<unknown> as fc.Arbitrary<Frame>;
}

/** For each kind of frame any that is valid. */
export const frameArbitraries: { readonly [K in Kind]: fc.Arbitrary<Frame> } = {
  hello: record("hello", {
    minVersion: u16,
    maxVersion: u16,
    sessionId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    runnerName: text,
    agent: text,
    resumeGatewayId: u32,
    initialWindow: uint53,
  }),
  welcome: record("welcome", {
    version: u16,
    gatewayId: u32,
    resumed: fc.boolean(),
    resumeWindowMs: uint53,
    initialWindow: uint53,
    agent: text,
  }),
  resume: record("resume", { last: fc.boolean(), streams: positions }),
  ping: record("ping", { sequence: u32, sentAtUs: uint53 }),
  pong: record("pong", { sequence: u32, sentAtUs: uint53, receivedAtUs: uint53, repliedAtUs: uint53 }),
  goAway: record("goAway", { drainMs: uint53, reason: text }),
  error: record("error", { code: u16, message: text }),
  probe: record("probe", { probeId: u32, origin: fc.boolean(), payload: bytes(0) }),
  probeReply: record("probeReply", {
    probeId: u32,
    heldUs: uint53,
    originUs: uint53,
    originStatus: uint(999),
    repliedAtUs: uint53,
    problem: text,
    payload: bytes(0),
  }),
  probeReady: record("probeReady", {
    agent: text,
    sessionId: text,
    sessions: fc.array(fc.tuple(text, text, text), { maxLength: 6 }).map((sessions) => sessions.flat()),
  }),
  probeResult: record("probeResult", {
    probeId: u32,
    gatewayHeldUs: uint53,
    gatewayRepliedAtUs: uint53,
    runnerHeldUs: uint53,
    originUs: uint53,
    originStatus: uint(999),
    runnerRepliedAtUs: uint53,
    problem: text,
    payload: bytes(0),
  }),
  requestStart: record("requestStart", {
    ...ids,
    method: text,
    target: text,
    headers,
    hasBody: fc.boolean(),
  }),
  bodyChunk: record("bodyChunk", { ...ids, bytes: bytes(1) }),
  bodyEnd: record("bodyEnd", { ...ids, cut: fc.boolean(), stop: fc.boolean(), trailers: headers }),
  responseStart: record("responseStart", {
    ...ids,
    status: fc.oneof(fc.constantFrom(200, 255, 256, 999), fc.integer({ min: 200, max: 999 })),
    reason: text,
    headers,
  }),
  response: record("response", {
    ...ids,
    status: fc.oneof(fc.constantFrom(200, 255, 256, 999), fc.integer({ min: 200, max: 999 })),
    reason: text,
    headers,
    bytes: bytes(0),
  }),
  reset: record("reset", { ...ids, code: u16, reason: text }),
  wsOpen: record("wsOpen", { ...ids, target: text, headers, resumed: fc.boolean(), subprotocol: text }),
  wsAccept: record("wsAccept", { ...ids, headers, together: fc.boolean() }),
  wsMessage: record("wsMessage", { ...ids, binary: fc.boolean(), final: fc.boolean(), bytes: bytes(0) }),
  wsMessages: fc.record({ ...ids, binary: fc.boolean(), sizes: messageSizes }, { noNullPrototype: true }).map(
    (fields) => ({ type: frameTypes.wsMessages, ...fields, bytes: patterned(sum(fields.sizes)) }),
  ),
  wsClose: record("wsClose", { ...ids, code: fc.integer({ min: 1000, max: 4999 }), reason: shortText }),
  ack: record("ack", { ...ids, credit: uint53 }),
};

/** Any valid frame. */
export const anyFrame: fc.Arbitrary<Frame> = fc.oneof(...Object.values(frameArbitraries));
