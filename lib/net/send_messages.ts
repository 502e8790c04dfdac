import { frameTypes, type WsMessageFrame, type WsMessagesFrame } from "../protocol/mod.ts";
import type { WebSocketConnection } from "./websocket_connection.ts";

/** Sends what a frame carries: one message, a part of one, or several. */
export function sendMessages(
  connection: Pick<WebSocketConnection, "sendPart" | "sendMessages">,
  frame: WsMessageFrame | WsMessagesFrame,
): void {
  const { binary, bytes } = frame;
  if (frame.type === frameTypes.wsMessage) connection.sendPart(binary, bytes, frame.final);
  else connection.sendMessages(binary, frame.sizes, bytes);
}
