import type { WebSocketHandler } from "../../lib/net/mod.ts";
import type { FrameConnection } from "../../lib/link/mod.ts";
import { bytePool } from "../../lib/session/mod.ts";
import { maxFrameHeaderBytes } from "../../lib/websocket/mod.ts";
import type { WireEnd, WireHandler } from "./network.ts";
import type { Watcher } from "./watcher.ts";

/** RFC 6455, 7.4.1: how a link closes on a peer that broke the protocol. */
const closeProtocolError = 1002;

/** A link's WebSocket over a simulated wire: messages arrive whole and in order, or not at all. */
export class SimConnection implements FrameConnection, WireHandler {
  readonly wire: WireEnd;
  readonly #handler: WebSocketHandler;
  readonly #watcher: Watcher;
  sentBytes = 0;
  receivedBytes = 0;

  constructor(wire: WireEnd, handler: WebSocketHandler, watcher: Watcher) {
    this.wire = wire;
    this.#handler = handler;
    this.#watcher = watcher;
    wire.handler = this;
  }

  // ── FrameConnection ──

  get congested(): boolean {
    return this.wire.congested;
  }

  readHead(): void {}

  sendPart(_binary: boolean, bytes: Uint8Array, _final: boolean): void {
    this.sentBytes += bytes.length;
    this.wire.send(bytes.slice());
  }

  sendInPlace(buffer: Uint8Array): void {
    this.sendPart(true, buffer.subarray(maxFrameHeaderBytes), true);
    bytePool.giveBack(buffer);
  }

  close(code: number | null, reason = ""): void {
    if (code === closeProtocolError) this.#watcher.protocolError(this.wire, reason);
    this.wire.end(reason);
  }

  destroy(): void {
    this.wire.destroy("the connection was dropped");
  }

  // ── WireHandler ──

  message(bytes: Uint8Array): void {
    this.receivedBytes += bytes.length;
    this.#handler.part(true, bytes, true);
    // As the real connection does, which uses the buffer again: who still looks at it sees rubbish.
    bytes.fill(0xee);
  }

  drained(): void {
    this.#handler.drained();
  }

  ended(reason: string): void {
    this.#handler.closing(1000, reason);
  }

  closed(): void {
    this.#handler.closed(false, null);
  }
}
