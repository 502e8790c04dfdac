import { keepWarm } from "../warm/mod.ts";
import { type Frame, frameTypes } from "./frames.ts";

const gatewayId = 0;
const requestId = 0;
const index = 0;
const bytes = new Uint8Array(0);
const headers: readonly string[] = [];

/**
 * A frame of each shape that streams and heartbeats have, so that code for frames outlives the last one like it: an opening and a
 * close come once in a stream, and the code for its messages knows them, too. Their fields stand in the order in which frames
 * are made everywhere: V8 tells objects apart by it.
 */
const frames: Frame[] = [
  { type: frameTypes.ping, sequence: 0, sentAtUs: 0 },
  { type: frameTypes.pong, sequence: 0, sentAtUs: 0, receivedAtUs: 0, repliedAtUs: 0 },
  {
    type: frameTypes.requestStart,
    gatewayId,
    requestId,
    index,
    method: "",
    target: "",
    headers,
    hasBody: false,
  },
  { type: frameTypes.bodyChunk, gatewayId, requestId, index, bytes },
  { type: frameTypes.bodyEnd, gatewayId, requestId, index, cut: false, stop: false, trailers: headers },
  { type: frameTypes.responseStart, gatewayId, requestId, index, status: 0, reason: "", headers },
  { type: frameTypes.response, gatewayId, requestId, index, status: 0, reason: "", headers, bytes },
  { type: frameTypes.reset, gatewayId, requestId, index, code: 0, reason: "" },
  { type: frameTypes.ack, gatewayId, requestId, index, credit: 0 },
  {
    type: frameTypes.wsOpen,
    gatewayId,
    requestId,
    index,
    target: "",
    headers,
    resumed: false,
    subprotocol: "",
  },
  { type: frameTypes.wsAccept, gatewayId, requestId, index, headers, together: false },
  { type: frameTypes.wsMessage, gatewayId, requestId, index, binary: false, final: false, bytes },
  { type: frameTypes.wsMessages, gatewayId, requestId, index, binary: false, sizes: [], bytes },
  { type: frameTypes.wsClose, gatewayId, requestId, index, code: 0, reason: "" },
];

for (const frame of frames) keepWarm(frame, frame.type);
