/** What the WebSocket origin does with more than fits: floods its client, or does not read what it is sent. */
import { Buffer } from "node:buffer";
import type { RawData, WebSocket } from "ws";

/** Sends nothing more while this much waits in this process, bytes. */
const maxWaitingBytes = 256 * 1024;

const deafSockets = new Set<WebSocket>();
let floodedMessages = 0;

/** A message of `size` bytes that begins with its number, u32 big-endian. */
export function numberedMessage(number: number, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** Sends `count` numbered messages of `size` bytes as fast as they are taken. */
export function flood(socket: WebSocket, options: { count: number; size: number }): void {
  const { count, size } = options;
  floodedMessages = 0;
  const more = () => {
    while (floodedMessages < count && socket.readyState === socket.OPEN) {
      const number = floodedMessages++;
      if (socket.bufferedAmount < maxWaitingBytes) {
        socket.send(numberedMessage(number, size));
      } else {
        socket.send(numberedMessage(number, size), more);
        return;
      }
    }
  };
  more();
}

/** Messages that the latest {@link flood} has handed to its socket. */
export function floodedSoFar(): number {
  return floodedMessages;
}

/**
 * Reads nothing until {@link hear}; then counts what comes, in order or not, and answers an empty message with
 * what it counted.
 */
export function deaf(socket: WebSocket): void {
  deafSockets.add(socket);
  let messages = 0;
  let bytes = 0;
  let inOrder = true;
  socket.on("message", (data: RawData) => {
    const message = data as Buffer;
    if (message.length === 0) {
      socket.send(JSON.stringify({ messages, bytes, inOrder }));
      return;
    }
    inOrder &&= message.readUInt32BE(0) === messages;
    messages++;
    bytes += message.length;
  });
  socket.on("close", () => deafSockets.delete(socket));
  socket.pause();
}

/** Lets every deaf socket read. */
export function hear(): void {
  for (const socket of deafSockets) socket.resume();
}
