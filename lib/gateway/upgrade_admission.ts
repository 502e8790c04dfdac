import { hasToken, headerValue, type RawHeaders } from "../http1/mod.ts";
import { linkSubprotocol } from "../protocol/mod.ts";
import { sameToken } from "../net/mod.ts";
import { acceptKey, upgradeRequestProblem } from "../websocket/mod.ts";
import type { Logger } from "../telemetry/mod.ts";
import type { ReservedRequest } from "./context.ts";
import type { Problem } from "./problem.ts";

export interface AdmissionOptions {
  /** What the path takes, for messages and the log. */
  kind: "link" | "probe";
  /** The token that opens both. */
  token: string;
  draining: boolean;
  logger: Logger;
  /** Further reasons to refuse a request whose token is right. */
  problem?: () => Problem | null;
}

/**
 * Makes a WebSocket of a request for one of the gateway's own paths, once its token is right; all other requests
 * are answered with what is wrong. One token opens links and probes alike: a probe needs no right of its own.
 *
 * @returns the socket behind the handshake, or `null` after a refusal
 */
export function admitUpgrade(
  request: ReservedRequest,
  options: AdmissionOptions,
): ReturnType<ReservedRequest["upgrade"]> | null {
  const { head, address } = request;
  const { kind, logger } = options;
  const refuse = ({ status, code, message }: Problem, headers: readonly string[] = []) => {
    request.respond(status, { error: code, message }, ["X-Tunnel-Error", code, ...headers]);
    return null;
  };
  const problem = upgradeRequestProblem(head.method, head.minorVersion, head.headers);
  if (problem !== null) {
    const takes = kind === "link" ? "runners' WebSocket links" : "probers' WebSockets";
    const message = `This path takes ${takes}: ${problem}`;
    return refuse({ status: 426, code: `not_a_${kind}`, message }, ["Upgrade", "websocket"]);
  }
  const token = bearerToken(head.headers);
  if (token === null || !sameToken(token, options.token)) {
    const found = token === null ? "missing" : "wrong";
    logger.warn(`${kind}.refused`, { address, reason: token === null ? "no token" : "wrong token" });
    const message = `The token is ${found}: use the one the gateway was started with.`;
    return refuse({ status: 401, code: "wrong_token", message }, ["WWW-Authenticate", "Bearer"]);
  }
  if (!hasToken(head.headers, "sec-websocket-protocol", linkSubprotocol)) {
    const message = `A ${kind} must ask for the WebSocket subprotocol "${linkSubprotocol}".`;
    return refuse({ status: 400, code: "wrong_protocol", message });
  }
  if (options.draining) {
    return refuse({ status: 503, code: "draining", message: "This gateway is shutting down." });
  }
  const further = options.problem?.() ?? null;
  if (further !== null) {
    logger.info(`${kind}.refused`, { address, reason: further.code });
    return refuse(further);
  }
  return request.upgrade([
    "Upgrade",
    "websocket",
    "Connection",
    "Upgrade",
    "Sec-WebSocket-Accept",
    acceptKey(headerValue(head.headers, "sec-websocket-key") ?? ""),
    "Sec-WebSocket-Protocol",
    linkSubprotocol,
  ]);
}

/** The token of an `Authorization: Bearer …` field (RFC 6750, 2.1), or `null`. */
function bearerToken(headers: RawHeaders): string | null {
  const match = /^bearer +([^\s]+) *$/i.exec(headerValue(headers, "authorization") ?? "");
  return match === null ? null : match[1];
}
