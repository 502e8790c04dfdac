import { frameTypes, type WsMessageFrame, type WsMessagesFrame } from "../protocol/mod.ts";
import type { ExchangeObserver } from "./traffic_observer.ts";

/** Tells an observer, if there is one, of what a frame carries: one message, a part of one, or several. */
export function tellMessages(
  observer: ExchangeObserver | null,
  direction: "received" | "sent",
  frame: WsMessageFrame | WsMessagesFrame,
): void {
  if (observer === null) return;
  if (frame.type === frameTypes.wsMessage) observer.message(direction, frame);
  else observer.messagesTogether(direction, frame);
}
