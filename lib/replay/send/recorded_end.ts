import { resetName } from "../../protocol/mod.ts";
import type { CapturedExchange } from "../../capture/mod.ts";

/** How far the recording of an answer goes. */
export type RecordedEnd =
  /** To its end: a whole answer, or a WebSocket that was closed. */
  | { kind: "whole" }
  /** The client went away before that, or the capture ends there: what came before is known, the rest is not. */
  | { kind: "left"; why: string }
  /** The origin broke off. */
  | { kind: "broken"; why: string };

export function recordedEnd(exchange: CapturedExchange): RecordedEnd {
  const { answer, reset, closes, collected } = exchange;
  const isWhole = isWebSocket(exchange)
    ? closes.length > 0
    : answer !== null && answer.body.endedAtUs !== null && !answer.body.cut;
  if (isWhole) return { kind: "whole" };
  if (reset !== null) {
    if (reset.from === "client") return { kind: "left", why: "the client went away" };
    return {
      kind: "broken",
      why: `${resetName(reset.code)}${reset.reason === "" ? "" : `: ${reset.reason}`}`,
    };
  }
  return {
    kind: "left",
    why: collected === null ? "the capture ends" : `the tunnel gave it up (${collected})`,
  };
}

/** Whether it is a WebSocket that the origin accepted. */
export function isWebSocket({ kind, answer }: CapturedExchange): boolean {
  return kind === "websocket" && answer?.status === 101;
}

/**
 * When the client had all that the recording knows of, microseconds: an exchange that began later may have followed
 * from it.
 */
export function endedAtUs(exchange: CapturedExchange): number {
  const { kind, closes, reset, body, answer } = exchange;
  if (reset !== null) return reset.timeUs;
  if (isWebSocket(exchange)) return closes[0]?.timeUs ?? exchange.endedAtUs;
  if (answer === null || answer.body.endedAtUs === null) return exchange.endedAtUs;
  const requestEnd = kind === "http" ? body.endedAtUs ?? 0 : 0;
  return Math.max(answer.body.endedAtUs, requestEnd);
}
