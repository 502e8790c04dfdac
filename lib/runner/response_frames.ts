import { isNamed, type RawHeaders, type ResponseHead, stripHopByHop } from "../http1/mod.ts";
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
    headers: passedOn(status, headers),
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
    headers: passedOn(status, headers),
    bytes,
  };
}

const upgradeRequired = 426;

/** The fields for the client. What a 426 demands stands in one of this hop's, and is meant for the client (RFC 9110, 15.5.22). */
function passedOn(status: number, headers: RawHeaders): RawHeaders {
  const passed = stripHopByHop(headers);
  if (status !== upgradeRequired) return passed;
  const upgrades: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (isNamed(headers[i], "upgrade")) upgrades.push(headers[i], headers[i + 1]);
  }
  return [...passed, ...upgrades];
}
