import { type ResponseHead, stripHopByHop } from "../http1/mod.ts";
import { frameTypes, type ResponseFrame, type ResponseStartFrame } from "../protocol/mod.ts";

/** An origin's head as the gateway gets it, without the fields of one hop. */
export function responseStart({ status, reason, headers }: ResponseHead): ResponseStartFrame {
  return {
    type: frameTypes.responseStart,
    gatewayId: 0,
    requestId: 0,
    index: 0,
    status,
    reason,
    headers: stripHopByHop(headers),
  };
}

/** The same of a response that is all here. @param bytes its body, which the stream may keep */
export function wholeResponse({ status, reason, headers }: ResponseHead, bytes: Uint8Array): ResponseFrame {
  return {
    type: frameTypes.response,
    gatewayId: 0,
    requestId: 0,
    index: 0,
    status,
    reason,
    headers: stripHopByHop(headers),
    bytes,
  };
}
