import type { RawHeaders } from "../http1/mod.ts";
import { isRunnerName, resetCodes } from "../protocol/mod.ts";

/** Errors the gateway answers with itself; the code also stands in the `x-tunnel-error` header. */
export interface Problem {
  status: number;
  code: string;
  /** One sentence a user can act on. */
  message: string;
  /** Further header fields of the answer. */
  headers?: RawHeaders;
}

/** No runner of the wanted name is connected. @param secure whether this gateway speaks TLS */
export function noRunner(name: string, secure: boolean): Problem {
  const scheme = secure ? "wss" : "ws";
  const start =
    `start one with "tunnel runner --gateway-url ${scheme}://GATEWAY --target http://127.0.0.1:PORT --name ${name}", or check the name`;
  // What no runner can be called is not suggested.
  const hint = isRunnerName(name) ? start : "check the name, which no runner can have";
  return {
    status: 503,
    code: "no_runner",
    message: `No runner named "${name}" is connected to this gateway: ${hint}.`,
  };
}

export function badRequest(status: number, message: string): Problem {
  return { status, code: "bad_request", message };
}

/** A tunnel through the gateway to some host is asked for. */
export function noConnect(): Problem {
  const message = "CONNECT is not served here: a tunnel carries HTTP and WebSocket requests.";
  // An answer with this status has to name those that are served (RFC 9110, 15.5.6), and here that is for origins to say.
  return {
    ...badRequest(405, message),
    headers: ["Allow", "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE, TRACE"],
  };
}

/** A request for a WebSocket that is not a proper one. @param problem a sentence that says why */
export function badUpgrade(problem: string): Problem {
  const message = `Not a valid WebSocket upgrade: ${problem}`;
  if (!problem.includes("Sec-WebSocket-Version")) return badRequest(400, message);
  // RFC 6455, 4.4: the versions that are spoken here.
  return { ...badRequest(426, message), headers: ["Upgrade", "websocket", "Sec-WebSocket-Version", "13"] };
}

export function draining(): Problem {
  return {
    status: 503,
    code: "draining",
    message: "This gateway is shutting down and takes no new requests.",
  };
}

/** Why a stream was reset, as far as its client may know: what a program has thrown is for its owner's log alone. */
export function reasonForClient(code: number, reason: string): string {
  return code === resetCodes.internal ? "it failed" : reason;
}

/** What the client is told when its stream was reset before a response began. */
export function problemOfReset(code: number, reason: string): Problem {
  const why = sentenceEnd(reasonForClient(code, reason));
  switch (code) {
    case resetCodes.originUnreachable:
      return {
        status: 502,
        code: "origin_unreachable",
        message: `The runner cannot reach the origin: ${why}`,
      };
    case resetCodes.originTimeout:
      return {
        status: 504,
        code: "origin_timeout",
        message: `The origin did not answer in time: ${why}`,
      };
    case resetCodes.originFailed:
      return { status: 502, code: "origin_failed", message: `The origin gave no proper answer: ${why}` };
    case resetCodes.linkLost:
      return { status: 502, code: "link_lost", message: `The link to the runner was lost: ${why}` };
    case resetCodes.resumeTimeout:
      return { status: 504, code: "link_lost", message: `The link to the runner was lost: ${why}` };
    case resetCodes.shuttingDown:
      return { status: 503, code: "draining", message: `Nothing more is served: ${why}` };
    case resetCodes.limit:
      return { status: 503, code: "limit", message: `A limit was passed: ${why}` };
    default:
      return { status: 502, code: "stream_reset", message: `The runner gave up on the request: ${why}` };
  }
}

/** `reason`, which may be whatever somebody else has thrown, with one full stop. */
function sentenceEnd(reason: string): string {
  return /[.!?]$/.test(reason) ? reason : `${reason}.`;
}

/** The close code a client WebSocket gets when its stream was reset (RFC 6455 and the IANA registry). */
export function closeCodeOfReset(code: number): number | null {
  switch (code) {
    case resetCodes.linkLost:
    case resetCodes.resumeTimeout:
    case resetCodes.shuttingDown:
      return 1012;
    case resetCodes.limit:
      return 1013;
    case resetCodes.internal:
    case resetCodes.unknownStream:
      return 1011;
    default:
      // The origin's own connection broke off: so does the client's, which sees 1006 as it would without a tunnel.
      return null;
  }
}
