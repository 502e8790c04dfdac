import { maxLinkMessageBytes } from "../protocol/mod.ts";
import { type ByteSocket, maxReadBytes, WebSocketConnection, type WebSocketHandler } from "../net/mod.ts";

/** What a link needs of its WebSocket. */
export interface FrameConnection {
  /** So much is queued that the link should wait for `drained`. */
  readonly congested: boolean;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Hands on what was read along with the handshake. */
  readHead(): void;
  /** Sends a message. The bytes may be used for something else afterwards. */
  sendPart(binary: boolean, bytes: Uint8Array, final: boolean): void;
  /**
   * Sends a whole binary message from where it lies: in a buffer of the pool's, which is taken over, behind
   * {@link maxFrameHeaderBytes} that are free.
   */
  sendInPlace(buffer: Uint8Array): void;
  close(code: number | null, reason?: string): void;
  destroy(): void;
}

/** Makes the connection of a link, which is told of everything that happens on it. */
export type Connect = (handler: WebSocketHandler) => FrameConnection;

/**
 * A link's WebSocket over a connected socket whose handshake is done.
 *
 * @param options `head`: bytes that were read along with the handshake
 */
export function overSocket(
  socket: ByteSocket,
  options: { side: "client" | "server"; head?: Uint8Array },
): Connect {
  // A link is never paused, so that nothing can overshoot: it is read in pieces as large as its messages.
  socket.largestReadBytes = maxReadBytes;
  return (handler) =>
    new WebSocketConnection(socket, {
      ...options,
      handler,
      maxPartBytes: maxLinkMessageBytes,
      maxMessageBytes: maxLinkMessageBytes,
      keepsSmallParts: false,
      // Requests go to it until it is gone: what still comes behind a close frame puts that off no longer.
      patienceMs: 5_000,
    });
}
