import { type Frame, frameName, frameTypes, resetCodes } from "./frames.ts";

/** What a frame says, in words, without its ids and index: `200 OK, 12 headers`. */
export function frameWords(frame: Frame): string {
  switch (frame.type) {
    case frameTypes.hello:
      return `runner "${frame.runnerName}" of ${frame.agent}, session ${frame.sessionId.toHex()}, versions ` +
        `${frame.minVersion} to ${frame.maxVersion}, window ${frame.initialWindow}` +
        (frame.resumeGatewayId === 0 ? "" : `, holds streams of gateway ${hex(frame.resumeGatewayId)}`);
    case frameTypes.welcome:
      return `gateway ${hex(frame.gatewayId)} of ${frame.agent}, version ${frame.version}, ` +
        `${frame.resumed ? "session resumed" : "new session"}, window ${frame.initialWindow}, ` +
        `resume window ${frame.resumeWindowMs} ms`;
    case frameTypes.resume:
      return `where ${count(frame.streams.length, "stream")} stand${frame.streams.length === 1 ? "s" : ""}` +
        (frame.last ? "" : ", more follow");
    case frameTypes.ping:
      return `#${frame.sequence}`;
    case frameTypes.pong:
      return `#${frame.sequence}, held ${frame.repliedAtUs - frame.receivedAtUs} µs`;
    case frameTypes.goAway:
      return `${quoted(frame.reason)}, drains ${frame.drainMs} ms`;
    case frameTypes.probe:
      return `#${frame.probeId}${frame.origin ? " to the origin" : ""}, ${bytes(frame.payload.length)}`;
    case frameTypes.probeReply:
      return `#${frame.probeId}, held ${frame.heldUs} µs` +
        (frame.originStatus === 0 ? "" : `, origin ${frame.originStatus} after ${frame.originUs} µs`) +
        (frame.problem === "" ? "" : `, ${quoted(frame.problem)}`);
    case frameTypes.probeReady:
      return `${frame.agent}, session ${frame.sessionId}`;
    case frameTypes.probeResult:
      return `#${frame.probeId}, gateway ${frame.gatewayHeldUs} µs, runner ${frame.runnerHeldUs} µs` +
        (frame.problem === "" ? "" : `, ${quoted(frame.problem)}`);
    case frameTypes.error:
      return `code ${frame.code}, ${quoted(frame.message)}`;
    case frameTypes.requestStart:
      return `${frame.method} ${frame.target}, ${headers(frame.headers)}${
        frame.hasBody ? ", body follows" : ""
      }`;
    case frameTypes.responseStart:
      return `${statusLine(frame)}, ${headers(frame.headers)}`;
    case frameTypes.response:
      return `${statusLine(frame)}, ${headers(frame.headers)}, ${bytes(frame.bytes.length)}, complete`;
    case frameTypes.bodyChunk:
      return bytes(frame.bytes.length);
    case frameTypes.bodyEnd:
      return [
        frame.cut ? "cut short" : "complete",
        ...frame.stop ? ["wants no more of the other body"] : [],
        ...frame.trailers.length > 0 ? [count(frame.trailers.length / 2, "trailer")] : [],
      ].join(", ");
    case frameTypes.reset:
      return `${resetName(frame.code)}, ${quoted(frame.reason)}`;
    case frameTypes.wsOpen:
      return `${frame.target}, ${headers(frame.headers)}${
        frame.resumed ? ", the client is connected already" : ""
      }`;
    case frameTypes.wsAccept:
      return headers(frame.headers);
    case frameTypes.wsMessage:
      return `${frame.binary ? "binary" : "text"}, ${bytes(frame.bytes.length)}${
        frame.final ? "" : ", more follows"
      }`;
    case frameTypes.wsMessages:
      return `${frame.sizes.length} messages, ${frame.binary ? "binary" : "text"}, ${
        bytes(frame.bytes.length)
      }`;
    case frameTypes.wsClose:
      return `code ${frame.code}${frame.reason === "" ? "" : `, ${quoted(frame.reason)}`}`;
    case frameTypes.ack:
      return `everything before ${frame.index}, credit ${frame.credit}`;
    default:
      return frameName((frame satisfies never as Frame).type);
  }
}

const resetNames = new Map<number, string>(
  Object.entries(resetCodes).map(([name, code]) => [
    code,
    name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
  ]),
);

/** A reset code in words: `origin unreachable`. */
export function resetName(code: number): string {
  return resetNames.get(code) ?? `code ${code}`;
}

/** A reset code as programs name it, in logs and spans: `origin_unreachable`. */
export function resetProblem(code: number): string {
  return resetName(code).replaceAll(" ", "_");
}

/** What peers say may hold line breaks and control characters: it is quoted as JSON quotes it. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

function hex(id: number): string {
  return id.toString(16).padStart(8, "0");
}

function statusLine({ status, reason }: { status: number; reason: string }): string {
  return reason === "" ? `${status}` : `${status} ${reason}`;
}

function headers(list: readonly string[]): string {
  return count(list.length / 2, "header");
}

function bytes(length: number): string {
  return count(length, "byte");
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
