import { encodeResponseHead, headerValue, type RawHeaders } from "../http1/mod.ts";
import { frameTypes, type SequencedFrame } from "../protocol/mod.ts";
import { acceptKey } from "../websocket/mod.ts";

/** Handshake fields that belong to one hop (RFC 6455, 4.1): each side of the tunnel makes its own. */
const handshakeHeaders = new Set([
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-extensions",
  "sec-websocket-accept",
  "content-length",
]);

/** The headers of a handshake that pass through the tunnel. */
export function withoutHandshake(headers: RawHeaders): RawHeaders {
  const kept: RawHeaders = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (!handshakeHeaders.has(headers[i].toLowerCase())) kept.push(headers[i], headers[i + 1]);
  }
  return kept;
}

/**
 * The frame that opens a stream for a client WebSocket; ids and index are filled in when it is pushed.
 *
 * @param open of `headers`: as they go on to the origin; `subprotocol`: what a woken client was accepted with, else ""
 */
export function wsOpen(
  open: { target: string; headers: RawHeaders; resumed: boolean; subprotocol: string },
): SequencedFrame {
  const { target, headers, resumed, subprotocol } = open;
  return {
    type: frameTypes.wsOpen,
    gatewayId: 0,
    requestId: 0,
    index: 0,
    target,
    headers: withoutHandshake(headers),
    resumed,
    subprotocol,
  };
}

/**
 * The answer that accepts a client's upgrade.
 *
 * @param request the client's headers
 * @param accepted the origin's headers, as the runner passed them on
 */
export function encodeAccept(request: RawHeaders, accepted: RawHeaders): Uint8Array {
  return encodeResponseHead(101, "Switching Protocols", [
    "Upgrade",
    "websocket",
    "Connection",
    "Upgrade",
    "Sec-WebSocket-Accept",
    acceptKey(headerValue(request, "sec-websocket-key") ?? ""),
    ...withoutHandshake(accepted),
  ]);
}
