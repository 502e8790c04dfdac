import { Buffer } from "node:buffer";
import type { CapturedExchange, StoredBytes } from "../../capture/mod.ts";
import { isTarget, isToken } from "../../http1/mod.ts";
import { recordedEnd } from "./recorded_end.ts";
import type { RedactedValues } from "./redacted.ts";

/** Methods that change nothing at an origin (RFC 9110, 9.2.1), as far as it keeps to what they mean. */
const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

export interface SendableOptions {
  /** Send what may change something at the origin, too. */
  unsafe: boolean;
  redacted: RedactedValues;
}

/** Why an exchange is not sent again, in words; `null` when it is. */
export function unsendable(exchange: CapturedExchange, options: SendableOptions): string | null {
  return notKnown(exchange) ?? notWhole(exchange) ?? redacted(exchange, options.redacted) ??
    nothingToCompare(exchange) ?? (options.unsafe ? null : changing(exchange));
}

function notKnown(exchange: CapturedExchange): string | null {
  const { hasBeginning, hasGaps, resumed, method, target } = exchange;
  if (!hasBeginning) return "it began before the capture";
  if (hasGaps) return "frames of it are missing in the capture";
  if (resumed) return "it is the rest of a WebSocket that began on another runner";
  if (!isToken(method) || !isTarget(target)) return "its method or target cannot be sent as HTTP/1.1";
  return null;
}

function notWhole({ kind, body, messages }: CapturedExchange): string | null {
  if (kind === "http") {
    if (body.omittedBytes > 0) return leftOut(body.omittedBytes, body.length, "its request body");
    if (body.endedAtUs === null || body.cut) return "its request body did not come to its end";
    return null;
  }
  for (const { from, omittedBytes, length, complete } of messages) {
    if (from === "origin") continue;
    if (omittedBytes > 0) return leftOut(omittedBytes, length, "a message of the client's");
    if (!complete) return "a message of the client's did not come to its end";
  }
  return null;
}

function leftOut(omitted: number, length: number, what: string): string {
  return `the capture left out ${omitted} of ${length} bytes of ${what}`;
}

function redacted(exchange: CapturedExchange, values: RedactedValues): string | null {
  const parameter = values.target(exchange.target);
  if (parameter !== null) {
    return parameter === ""
      ? "its target is redacted in the capture"
      : `the query parameter ${parameter} is redacted in the capture`;
  }
  const bodies = exchange.body.parts.map(({ bytes }) => bytes);
  const messages = exchange.messages.filter(({ from }) => from === "client").flatMap(({ parts }) => parts);
  return [...bodies, ...messages].some((bytes) => hasToken(bytes, values))
    ? "its body has asterisks where the tunnel's token may have stood"
    : null;
}

function hasToken(bytes: StoredBytes, values: RedactedValues): boolean {
  if (values.isRaw || bytes.length < tokenOfAsterisks.length) return false;
  const view = Buffer.from(bytes.read());
  for (let at = view.indexOf(tokenOfAsterisks); at !== -1; at = view.indexOf(tokenOfAsterisks, at)) {
    const start = at;
    while (view[at] === tokenOfAsterisks[0]) at++;
    // A longer row of asterisks is a line in a text.
    if (at - start === tokenOfAsterisks.length) return true;
  }
  return false;
}

/** As long as the tokens that gateways make: 32 bytes in base64url. */
const tokenOfAsterisks = Buffer.alloc(43, "*");

function nothingToCompare(exchange: CapturedExchange): string | null {
  const end = recordedEnd(exchange);
  return end.kind === "left" && exchange.answer === null ? `no answer was recorded: ${end.why}` : null;
}

/** A WebSocket begins with a GET, but what a message does only the origin knows. */
function changing({ kind, method, messages }: CapturedExchange): string | null {
  if (kind === "websocket") {
    const sends = messages.some(({ from }) => from === "client");
    return sends ? "messages on a WebSocket may change something: --unsafe sends them" : null;
  }
  return safeMethods.has(method) ? null : `${method} may change something: --unsafe sends it`;
}
