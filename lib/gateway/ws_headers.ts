import { encodeResponseHead, headerValue, type RawHeaders } from "../http1/mod.ts";
import { frameTypes, type SequencedFrame } from "../protocol/mod.ts";
import type { ExchangeObserver } from "../telemetry/mod.ts";
import { acceptKey } from "../websocket/mod.ts";
import type { ExchangeOptions } from "./exchange_options.ts";
import { forwardedHeaders } from "./forwarded.ts";

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
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (!handshakeHeaders.has(headers[i].toLowerCase())) kept.push(headers[i], headers[i + 1]);
  }
  return kept;
}

/**
 * The frame that opens a stream for a client WebSocket; ids and index are filled in when it is pushed.
 *
 * @param open of `resumed`: the client was accepted before, with `subprotocol`, or none: ""
 */
export function wsOpen(
  { head, client, context }: Pick<ExchangeOptions, "head" | "client" | "context">,
  open: { observer: ExchangeObserver | null; resumed: boolean; subprotocol: string },
): SequencedFrame {
  const { observer, resumed, subprotocol } = open;
  const headers = forwardedHeaders(head.headers, client, context.trustForwarded);
  return {
    type: frameTypes.wsOpen,
    gatewayId: 0,
    requestId: 0,
    index: 0,
    target: head.target,
    headers: withoutHandshake(observer?.propagate?.(headers) ?? headers),
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
