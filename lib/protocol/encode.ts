import type { CborWriter } from "./cbor_writer.ts";
import { type Frame, frameTypes, type StreamFrame } from "./frames.ts";

/**
 * Appends `frame` to `writer` as one item of the CBOR sequence (RFC 8742) that a link message is.
 *
 * @returns its type: frames are objects of many shapes, and to ask one for its type is what takes V8 longest here
 */
export function encodeFrame(frame: Frame, writer: CborWriter): Frame["type"] {
  const { type } = frame;
  switch (type) {
    case frameTypes.bodyChunk:
      streamHead(writer, 5, frame);
      writer.bytes(frame.bytes);
      break;
    case frameTypes.wsMessage:
      streamHead(writer, 7, frame);
      writer.bool(frame.binary);
      writer.bool(frame.final);
      writer.bytes(frame.bytes);
      break;
    case frameTypes.wsMessages:
      streamHead(writer, 7, frame);
      writer.bool(frame.binary);
      writer.uints(frame.sizes);
      writer.bytes(frame.bytes);
      break;
    case frameTypes.ack:
      streamHead(writer, 5, frame);
      writer.uint(frame.credit);
      break;
    case frameTypes.requestStart:
      streamHead(writer, 8, frame);
      writer.text(frame.method);
      writer.text(frame.target);
      writer.texts(frame.headers);
      writer.bool(frame.hasBody);
      break;
    case frameTypes.responseStart:
      streamHead(writer, 7, frame);
      writer.uint(frame.status);
      writer.text(frame.reason);
      writer.texts(frame.headers);
      break;
    case frameTypes.response:
      streamHead(writer, 8, frame);
      writer.uint(frame.status);
      writer.text(frame.reason);
      writer.texts(frame.headers);
      writer.bytes(frame.bytes);
      break;
    case frameTypes.bodyEnd:
      streamHead(writer, 7, frame);
      writer.bool(frame.cut);
      writer.bool(frame.stop);
      writer.texts(frame.trailers);
      break;
    case frameTypes.reset:
      streamHead(writer, 6, frame);
      writer.uint(frame.code);
      writer.text(frame.reason);
      break;
    case frameTypes.wsOpen:
      streamHead(writer, 8, frame);
      writer.text(frame.target);
      writer.texts(frame.headers);
      writer.bool(frame.resumed);
      writer.text(frame.subprotocol);
      break;
    case frameTypes.wsAccept:
      streamHead(writer, frame.together ? 6 : 5, frame);
      writer.texts(frame.headers);
      if (frame.together) writer.bool(true);
      break;
    case frameTypes.wsClose:
      streamHead(writer, 6, frame);
      writer.uint(frame.code);
      writer.text(frame.reason);
      break;
    default:
      encodeLinkFrame(frame, writer);
  }
  return type;
}

function encodeLinkFrame(frame: Exclude<Frame, StreamFrame>, writer: CborWriter): void {
  switch (frame.type) {
    case frameTypes.hello:
      linkHead(writer, 8, frame.type);
      writer.uint(frame.minVersion);
      writer.uint(frame.maxVersion);
      writer.bytes(frame.sessionId);
      writer.text(frame.runnerName);
      writer.text(frame.agent);
      writer.uint(frame.resumeGatewayId);
      writer.uint(frame.initialWindow);
      return;
    case frameTypes.welcome:
      linkHead(writer, 7, frame.type);
      writer.uint(frame.version);
      writer.uint(frame.gatewayId);
      writer.bool(frame.resumed);
      writer.uint(frame.resumeWindowMs);
      writer.uint(frame.initialWindow);
      writer.text(frame.agent);
      return;
    case frameTypes.ping:
      linkHead(writer, 3, frame.type);
      writer.uint(frame.sequence);
      writer.uint(frame.sentAtUs);
      return;
    case frameTypes.pong:
      linkHead(writer, 5, frame.type);
      writer.uint(frame.sequence);
      writer.uint(frame.sentAtUs);
      writer.uint(frame.receivedAtUs);
      writer.uint(frame.repliedAtUs);
      return;
    case frameTypes.goAway:
      linkHead(writer, 3, frame.type);
      writer.uint(frame.drainMs);
      writer.text(frame.reason);
      return;
    case frameTypes.probe:
      linkHead(writer, 4, frame.type);
      writer.uint(frame.probeId);
      writer.bool(frame.origin);
      writer.bytes(frame.payload);
      return;
    case frameTypes.probeReply:
      linkHead(writer, 8, frame.type);
      writer.uint(frame.probeId);
      writer.uint(frame.heldUs);
      writer.uint(frame.originUs);
      writer.uint(frame.originStatus);
      writer.uint(frame.repliedAtUs);
      writer.text(frame.problem);
      writer.bytes(frame.payload);
      return;
    case frameTypes.probeReady:
      linkHead(writer, 4, frame.type);
      writer.text(frame.agent);
      writer.text(frame.sessionId);
      writer.texts(frame.sessions);
      return;
    case frameTypes.probeResult:
      linkHead(writer, 10, frame.type);
      writer.uint(frame.probeId);
      writer.uint(frame.gatewayHeldUs);
      writer.uint(frame.gatewayRepliedAtUs);
      writer.uint(frame.runnerHeldUs);
      writer.uint(frame.originUs);
      writer.uint(frame.originStatus);
      writer.uint(frame.runnerRepliedAtUs);
      writer.text(frame.problem);
      writer.bytes(frame.payload);
      return;
    case frameTypes.resume:
      linkHead(writer, 3, frame.type);
      writer.bool(frame.last);
      writer.array(frame.streams.length * 4);
      for (const position of frame.streams) {
        writer.uint(position.requestId);
        writer.uint(position.received);
        writer.uint(position.delivered);
        writer.uint(position.credit);
      }
      return;
    case frameTypes.error:
      linkHead(writer, 3, frame.type);
      writer.uint(frame.code);
      writer.text(frame.message);
      return;
    default:
      throw new TypeError(`not a frame: ${JSON.stringify(frame satisfies never)}`);
  }
}

function linkHead(writer: CborWriter, items: number, type: number): void {
  writer.array(items);
  writer.uint(type);
}

function streamHead(writer: CborWriter, items: number, frame: StreamFrame): void {
  writer.beginning(items, frame.type, frame.gatewayId, frame.requestId, frame.index);
}
