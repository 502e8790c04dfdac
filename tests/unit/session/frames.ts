import {
  frameTypes,
  type RequestStartFrame,
  type ResponseFrame,
  type SequencedFrame,
  type StreamFrame,
  type WsMessageFrame,
  type WsOpenFrame,
} from "../../../lib/protocol/mod.ts";

export const gatewayId = 0x9f3a_c01b;

/** Ids and index are filled in when a stream takes the frame. */
const unnumbered = { gatewayId: 0, requestId: 0, index: 0 };

export function requestStart(options: { hasBody?: boolean; method?: string } = {}): RequestStartFrame {
  const { hasBody = false, method = "GET" } = options;
  return { ...unnumbered, type: frameTypes.requestStart, method, target: "/", headers: [], hasBody };
}

export function bodyChunk(bytes: number | Uint8Array): SequencedFrame {
  return { ...unnumbered, type: frameTypes.bodyChunk, bytes: toBytes(bytes) };
}

export function responseStart(status = 200): SequencedFrame {
  return { ...unnumbered, type: frameTypes.responseStart, status, reason: "OK", headers: [] };
}

/** A whole response; its body is of so many bytes, or is given. */
export function response(bytes: number | Uint8Array = 0, status = 200): ResponseFrame {
  const head = { status, reason: "OK", headers: [] };
  return { ...unnumbered, type: frameTypes.response, ...head, bytes: toBytes(bytes) };
}

export function wsOpen(options: { resumed?: boolean } = {}): WsOpenFrame {
  const { resumed = false } = options;
  return { ...unnumbered, type: frameTypes.wsOpen, target: "/", headers: [], resumed, subprotocol: "" };
}

export function wsAccept(): SequencedFrame {
  return { ...unnumbered, type: frameTypes.wsAccept, headers: [], together: true };
}

export function wsMessage(bytes: number | Uint8Array, final = true): WsMessageFrame {
  return { ...unnumbered, type: frameTypes.wsMessage, binary: true, final, bytes: toBytes(bytes) };
}

/** Whole messages of these sizes, in one frame. */
export function wsMessages(...sizes: number[]): SequencedFrame {
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  return { ...unnumbered, type: frameTypes.wsMessages, binary: true, sizes, bytes };
}

export function wsClose(code = 1000): SequencedFrame {
  return { ...unnumbered, type: frameTypes.wsClose, code, reason: "" };
}

/** A message whose only content is its number. */
export function numbered(number: number): WsMessageFrame {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number);
  return wsMessage(bytes);
}

/** The number in a message made by {@link numbered}. */
export function numberOf(frame: SequencedFrame): number {
  if (frame.type !== frameTypes.wsMessage) throw new TypeError(`frame type ${frame.type} has no number`);
  return new DataView(frame.bytes.buffer, frame.bytes.byteOffset).getUint32(0);
}

/** `frame` as it would come from the peer. */
export function sent<F extends StreamFrame>(requestId: number, index: number, frame: F): F {
  return { ...frame, gatewayId, requestId, index };
}

function toBytes(bytes: number | Uint8Array): Uint8Array {
  return typeof bytes === "number" ? new Uint8Array(bytes) : bytes;
}
