import { frameTypes, messagesOf, type WsMessageFrame, type WsMessagesFrame } from "../protocol/mod.ts";
import type { ExchangeObserver } from "./traffic_observer.ts";

/** Tells an observer, if there is one, of what a frame carries: one message after another. */
export function tellMessages(
  observer: ExchangeObserver | null,
  direction: "received" | "sent",
  frame: WsMessageFrame | WsMessagesFrame,
): void {
  if (observer === null) return;
  if (frame.type === frameTypes.wsMessage) return observer.message(direction, frame);
  for (const message of messagesOf(frame)) observer.message(direction, message);
}
