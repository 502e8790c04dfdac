import { Repeated } from "../repeats/mod.ts";
import { CborReader, type TextsMade } from "./cbor_reader.ts";
import { ProtocolError } from "./errors.ts";
import "./frame_shapes.ts";
import { type Frame, frameName, frameTypes, type StreamFrame, type StreamPosition } from "./frames.ts";
import {
  maxHeaderStrings,
  maxMessagesPerFrame,
  maxPartBytes,
  maxPositionsPerFrame,
  maxTextBytes,
} from "./limits.ts";
import { maxId } from "./message_id.ts";

const maxUint = Number.MAX_SAFE_INTEGER;
const maxIndex = 0xffff;
const maxItems = 64;
const sessionIdBytes = 16;

/** Items in each frame's array, its type included; a frame with another number is malformed. */
const itemCounts = new Map<number, number>([
  [frameTypes.hello, 8],
  [frameTypes.welcome, 7],
  [frameTypes.ping, 3],
  [frameTypes.pong, 5],
  [frameTypes.goAway, 3],
  [frameTypes.probe, 4],
  [frameTypes.probeReply, 8],
  [frameTypes.probeReady, 4],
  [frameTypes.probeResult, 10],
  [frameTypes.resume, 3],
  [frameTypes.error, 3],
  [frameTypes.requestStart, 8],
  [frameTypes.bodyChunk, 5],
  [frameTypes.bodyEnd, 7],
  [frameTypes.responseStart, 7],
  [frameTypes.reset, 6],
  [frameTypes.wsOpen, 8],
  [frameTypes.wsAccept, 5],
  [frameTypes.wsMessage, 7],
  [frameTypes.wsClose, 6],
  [frameTypes.ack, 5],
  [frameTypes.response, 8],
  [frameTypes.wsMessages, 7],
]);

/** What streams say again and again. */
const knownMethods = new Repeated<string>({ slots: 16, maxBytes: 16 });
const knownTargets = new Repeated<string>({ maxBytes: 256 });
const knownReasons = new Repeated<string>({ slots: 16, maxBytes: 64 });

/** Reads a link message's frames one after another. Payloads are views into the message. */
export class FrameReader {
  readonly #reader: CborReader;
  /**
   * Of the frame that {@link next} gave last. Frames are objects of many shapes: to ask one for its type takes V8 longer than
   * to ask here.
   */
  type = 0;

  /**
   * @param message one binary WebSocket message: a CBOR sequence (RFC 8742) of frames
   * @param texts which strings in frames are wanted; the others are checked and read as `""`
   */
  constructor(message: Uint8Array, texts: TextsMade = "all") {
    this.#reader = new CborReader(message, texts);
  }

  /** Goes on with another message. */
  restart(message: Uint8Array): void {
    this.#reader.restart(message);
  }

  /** Offset of the next frame within the message, bytes. */
  get offset(): number {
    return this.#reader.offset;
  }

  /**
   * The next frame, or `null` at the end of the message. Frames of an unknown odd type are stepped over.
   *
   * @throws {ProtocolError} when the bytes are not a frame of this protocol
   */
  next(): Frame | null {
    const reader = this.#reader;
    while (!reader.atEnd) {
      const items = reader.array("a frame", maxItems);
      if (items === 0) throw new ProtocolError("a frame must begin with its type, found an empty array");
      const type = reader.uint("a frame's type", maxUint);
      const expected = itemCounts.get(type);
      if (expected !== undefined) {
        this.type = type;
        if (items !== expected && !(type === frameTypes.wsAccept && items === expected + 1)) {
          throw new ProtocolError(`${frameName(type)} must have ${expected} items, found ${items}`);
        }
        return type >= frameTypes.requestStart ? streamFrame(reader, type, items) : linkFrame(reader, type);
      }
      if (type % 2 === 0) throw new ProtocolError(`frame type ${type} is not known and may not be ignored`);
      for (let i = 1; i < items; i++) reader.skip();
    }
    return null;
  }
}

/**
 * All frames of one link message.
 *
 * @throws {ProtocolError} when the bytes are not a sequence of frames
 */
export function decodeFrames(message: Uint8Array): Frame[] {
  const reader = new FrameReader(message);
  const frames: Frame[] = [];
  for (let frame = reader.next(); frame !== null; frame = reader.next()) frames.push(frame);
  return frames;
}

function streamFrame(reader: CborReader, type: number, items: number): StreamFrame {
  const gatewayId = reader.uint("gateway id", maxId);
  const requestId = reader.uint("request id", maxId);
  const index = reader.uint("message index", maxIndex);
  switch (type) {
    case frameTypes.bodyChunk: {
      const bytes = reader.bytes("body-chunk's bytes", maxPartBytes);
      if (bytes.length === 0) throw new ProtocolError("body-chunk must carry 1 byte at least, found 0");
      return { type, gatewayId, requestId, index, bytes };
    }
    case frameTypes.wsMessage: {
      const binary = reader.bool("ws-message's kind");
      const final = reader.bool("ws-message's final flag");
      const bytes = reader.bytes("ws-message's bytes", maxPartBytes);
      return { type, gatewayId, requestId, index, binary, final, bytes };
    }
    case frameTypes.wsMessages: {
      const binary = reader.bool("ws-messages' kind");
      const sizes = messageSizes(reader);
      const bytes = reader.bytes("ws-messages' bytes", maxPartBytes);
      checkSizes(sizes, bytes.length);
      return { type, gatewayId, requestId, index, binary, sizes, bytes };
    }
    case frameTypes.ack:
      return { type, gatewayId, requestId, index, credit: reader.uint("ack's credit", maxUint) };
    case frameTypes.requestStart: {
      const method = reader.text("request-start's method", maxTextBytes, knownMethods);
      const target = reader.text("request-start's target", maxTextBytes, knownTargets);
      const headers = headerList(reader, "request-start's headers");
      const hasBody = reader.bool("request-start's body flag");
      return { type, gatewayId, requestId, index, method, target, headers, hasBody };
    }
    case frameTypes.responseStart: {
      const status = reader.uint("response-start's status", 999);
      if (status < 200) {
        throw new ProtocolError(`response-start's status must be 200 to 999, found ${status}`);
      }
      const reason = reader.text("response-start's reason", maxTextBytes, knownReasons);
      const headers = headerList(reader, "response-start's headers");
      return { type, gatewayId, requestId, index, status, reason, headers };
    }
    case frameTypes.response: {
      const status = reader.uint("response's status", 999);
      if (status < 200) throw new ProtocolError(`response's status must be 200 to 999, found ${status}`);
      const reason = reader.text("response's reason", maxTextBytes, knownReasons);
      const headers = headerList(reader, "response's headers");
      const bytes = reader.bytes("response's bytes", maxPartBytes);
      return { type, gatewayId, requestId, index, status, reason, headers, bytes };
    }
    case frameTypes.bodyEnd: {
      const cut = reader.bool("body-end's cut flag");
      const stop = reader.bool("body-end's stop flag");
      const trailers = headerList(reader, "body-end's trailers");
      return { type, gatewayId, requestId, index, cut, stop, trailers };
    }
    case frameTypes.reset: {
      const code = reader.uint("reset's code", maxIndex);
      return { type, gatewayId, requestId, index, code, reason: reader.text("reset's reason", maxTextBytes) };
    }
    case frameTypes.wsOpen: {
      const target = reader.text("ws-open's target", maxTextBytes);
      const headers = headerList(reader, "ws-open's headers");
      const resumed = reader.bool("ws-open's resumed flag");
      const subprotocol = reader.text("ws-open's subprotocol", maxTextBytes);
      return { type, gatewayId, requestId, index, target, headers, resumed, subprotocol };
    }
    case frameTypes.wsAccept: {
      const headers = headerList(reader, "ws-accept's headers");
      const together = items > itemCounts.get(type)!;
      if (together && !reader.bool("ws-accept's flag for messages together")) {
        throw new ProtocolError("ws-accept must leave its last flag out where it is false");
      }
      return { type, gatewayId, requestId, index, headers, together };
    }
    case frameTypes.wsClose: {
      const code = reader.uint("ws-close's code", 4999);
      if (code < 1000) throw new ProtocolError(`ws-close's code must be 1000 to 4999, found ${code}`);
      return { type, gatewayId, requestId, index, code, reason: reader.text("ws-close's reason", 123) };
    }
  }
  throw new ProtocolError(`frame type ${type} is not a stream frame`);
}

function linkFrame(reader: CborReader, type: number): Frame {
  switch (type) {
    case frameTypes.hello: {
      const minVersion = reader.uint("hello's lowest version", maxIndex);
      const maxVersion = reader.uint("hello's highest version", maxIndex);
      const sessionId = reader.bytes("hello's session id", sessionIdBytes).slice();
      if (sessionId.length !== sessionIdBytes) {
        throw new ProtocolError(
          `hello's session id must be ${sessionIdBytes} bytes, found ${sessionId.length}`,
        );
      }
      const runnerName = reader.text("hello's runner name", maxTextBytes);
      const agent = reader.text("hello's agent", maxTextBytes);
      const resumeGatewayId = reader.uint("hello's gateway id", maxId);
      const initialWindow = reader.uint("hello's window", maxUint);
      return { type, minVersion, maxVersion, sessionId, runnerName, agent, resumeGatewayId, initialWindow };
    }
    case frameTypes.welcome: {
      const version = reader.uint("welcome's version", maxIndex);
      const gatewayId = reader.uint("welcome's gateway id", maxId);
      const resumed = reader.bool("welcome's resumed flag");
      const resumeWindowMs = reader.uint("welcome's resume window", maxUint);
      const initialWindow = reader.uint("welcome's window", maxUint);
      const agent = reader.text("welcome's agent", maxTextBytes);
      return { type, version, gatewayId, resumed, resumeWindowMs, initialWindow, agent };
    }
    case frameTypes.ping: {
      const sequence = reader.uint("ping's sequence", maxId);
      return { type, sequence, sentAtUs: reader.uint("ping's time", maxUint) };
    }
    case frameTypes.pong: {
      const sequence = reader.uint("pong's sequence", maxId);
      const sentAtUs = reader.uint("pong's first time", maxUint);
      const receivedAtUs = reader.uint("pong's second time", maxUint);
      const repliedAtUs = reader.uint("pong's third time", maxUint);
      return { type, sequence, sentAtUs, receivedAtUs, repliedAtUs };
    }
    case frameTypes.goAway: {
      const drainMs = reader.uint("go-away's drain time", maxUint);
      return { type, drainMs, reason: reader.text("go-away's reason", maxTextBytes) };
    }
    case frameTypes.probe: {
      const probeId = reader.uint("probe's id", maxId);
      const origin = reader.bool("probe's origin flag");
      return { type, probeId, origin, payload: reader.bytes("probe's payload", maxPartBytes).slice() };
    }
    case frameTypes.probeReply: {
      const probeId = reader.uint("probe-reply's id", maxId);
      const heldUs = reader.uint("probe-reply's held time", maxUint);
      const originUs = reader.uint("probe-reply's origin time", maxUint);
      const originStatus = reader.uint("probe-reply's status", 999);
      const repliedAtUs = reader.uint("probe-reply's time", maxUint);
      const problem = reader.text("probe-reply's problem", maxTextBytes);
      const payload = reader.bytes("probe-reply's payload", maxPartBytes).slice();
      return { type, probeId, heldUs, originUs, originStatus, repliedAtUs, problem, payload };
    }
    case frameTypes.probeReady: {
      const agent = reader.text("probe-ready's agent", maxTextBytes);
      const sessionId = reader.text("probe-ready's session", maxTextBytes);
      const sessions = reader.texts("probe-ready's sessions", maxHeaderStrings, maxTextBytes);
      if (sessions.length % 3 !== 0) {
        throw new ProtocolError(
          `probe-ready's sessions must come in threes, found ${sessions.length} strings`,
        );
      }
      return { type, agent, sessionId, sessions };
    }
    case frameTypes.probeResult: {
      const probeId = reader.uint("probe-result's id", maxId);
      const gatewayHeldUs = reader.uint("probe-result's time at the gateway", maxUint);
      const gatewayRepliedAtUs = reader.uint("probe-result's gateway clock", maxUint);
      const runnerHeldUs = reader.uint("probe-result's time at the runner", maxUint);
      const originUs = reader.uint("probe-result's origin time", maxUint);
      const originStatus = reader.uint("probe-result's status", 999);
      const runnerRepliedAtUs = reader.uint("probe-result's runner clock", maxUint);
      const problem = reader.text("probe-result's problem", maxTextBytes);
      const payload = reader.bytes("probe-result's payload", maxPartBytes).slice();
      return {
        type,
        probeId,
        gatewayHeldUs,
        gatewayRepliedAtUs,
        runnerHeldUs,
        originUs,
        originStatus,
        runnerRepliedAtUs,
        problem,
        payload,
      };
    }
    case frameTypes.resume: {
      const last = reader.bool("resume's last flag");
      return { type, last, streams: positions(reader) };
    }
    case frameTypes.error: {
      const code = reader.uint("error's code", maxIndex);
      return { type, code, message: reader.text("error's message", maxTextBytes) };
    }
  }
  throw new ProtocolError(`frame type ${type} is not a link frame`);
}

function headerList(reader: CborReader, what: string): readonly string[] {
  const headers = reader.texts(what, maxHeaderStrings, maxTextBytes);
  if (headers.length % 2 !== 0) {
    throw new ProtocolError(`${what} must come in pairs, found ${headers.length} strings`);
  }
  return headers;
}

function messageSizes(reader: CborReader): number[] {
  const count = reader.array("ws-messages' sizes", maxMessagesPerFrame);
  if (count < 2) throw new ProtocolError(`ws-messages must carry 2 messages at least, found ${count}`);
  return reader.uints(count, "a message's size", maxPartBytes);
}

function checkSizes(sizes: readonly number[], bytes: number): void {
  let sum = 0;
  for (const size of sizes) {
    if (size === 0) throw new ProtocolError("a message in ws-messages must have 1 byte at least, found 0");
    sum += size;
  }
  if (sum !== bytes) throw new ProtocolError(`ws-messages must carry ${sum} bytes, found ${bytes}`);
}

function positions(reader: CborReader): StreamPosition[] {
  const items = reader.array("resume's streams", maxPositionsPerFrame * 4);
  if (items % 4 !== 0) throw new ProtocolError(`resume's streams must come in fours, found ${items} items`);
  const streams: StreamPosition[] = [];
  for (let i = 0; i < items; i += 4) {
    streams.push({
      requestId: reader.uint("a stream's request id", maxId),
      received: reader.uint("a stream's received index", maxIndex),
      delivered: reader.uint("a stream's delivered index", maxIndex),
      credit: reader.uint("a stream's credit", maxUint),
    });
  }
  return streams;
}
