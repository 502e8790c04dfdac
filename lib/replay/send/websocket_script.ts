import type { CapturedExchange, CapturedMessage } from "../../capture/mod.ts";
import { isWireCloseCode } from "../../websocket/mod.ts";
import { ReceivedMessages } from "./received_messages.ts";

/** What the client did next on a WebSocket. */
export type ClientAct =
  | { kind: "message"; message: CapturedMessage }
  /** `null`: without a code. */
  | { kind: "close"; code: number | null; reason: string }
  /** It went away without a close frame, or what it did next was not recorded. */
  | { kind: "leave" };

/** One step of a client, and when it is due. */
export interface ScriptStep {
  act: ClientAct;
  /** Since the exchange began, microseconds. */
  afterUs: number;
  /** The client had so many messages from the origin before it. */
  received: number;
}

/**
 * What a client did on a WebSocket, in order, up to where the origin closed. Ends with its close, or its leaving,
 * unless the origin closed first.
 */
export function clientScript(exchange: CapturedExchange): ScriptStep[] {
  const { messages, closes, startedAtUs, endedAtUs, reset } = exchange;
  const received = new ReceivedMessages(exchange);
  const steps: ScriptStep[] = [];
  const step = (act: ClientAct, timeUs: number) =>
    steps.push({ act, afterUs: timeUs - startedAtUs, received: received.before(timeUs) });
  for (const message of messages) {
    if (message.from === "client") step({ kind: "message", message }, message.timeUs);
  }
  const first = closes.at(0);
  if (first?.from === "origin") return steps;
  if (first !== undefined) {
    const { code, reason, timeUs } = first;
    if (code === 1005) step({ kind: "close", code: null, reason: "" }, timeUs);
    else if (isWireCloseCode(code)) step({ kind: "close", code, reason }, timeUs);
    else step({ kind: "leave" }, timeUs);
  } else if (reset?.from !== "origin" || exchange.answer?.status !== 101) {
    // A WebSocket that was never accepted has nothing to wait for, should it be accepted now.
    step({ kind: "leave" }, reset?.timeUs ?? endedAtUs);
  }
  return steps;
}
