import { decodeFrames, type Frame } from "../../lib/protocol/mod.ts";
import { FrameParser } from "../../lib/websocket/mod.ts";
import type { Direction, Tap } from "./fault_proxy.ts";

/** A link message as it passed: its size on the wire without WebSocket header, bytes, and its frames. */
export interface TappedMessage {
  bytes: number;
  frames: Frame[];
}

const headEnd = [0x0d, 0x0a, 0x0d, 0x0a];

/** Every message that passed on the links through a proxy: `FaultProxy.start(port, { tap: tap.open })`. */
export class LinkTap {
  readonly messages: Record<Direction, TappedMessage[]> = { up: [], down: [] };

  /** For each connection: skips the HTTP handshake and reads WebSocket messages from there on. */
  readonly open = (): Tap => {
    const readers = { up: this.#reader("up"), down: this.#reader("down") };
    return (direction, bytes) => readers[direction](bytes);
  };

  /** All frames that passed in a direction. */
  frames(direction: Direction): Frame[] {
    return this.messages[direction].flatMap((message) => message.frames);
  }

  /** Size of the largest message, bytes. */
  largest(direction: Direction): number {
    return this.messages[direction].reduce((most, { bytes }) => Math.max(most, bytes), 0);
  }

  #reader(direction: Direction): (bytes: Uint8Array) => void {
    const parser = new FrameParser({ expectMasked: direction === "up", maxPartBytes: 16 * 1024 * 1024 }, {
      part: (_binary, bytes) =>
        this.messages[direction].push({ bytes: bytes.length, frames: decodeFrames(bytes) }),
      ping: () => {},
      pong: () => {},
      close: () => {},
    });
    let matched = 0;
    return (bytes) => {
      let at = 0;
      for (; at < bytes.length && matched < headEnd.length; at++) {
        matched = bytes[at] === headEnd[matched] ? matched + 1 : bytes[at] === headEnd[0] ? 1 : 0;
      }
      if (at < bytes.length) parser.push(bytes.subarray(at));
    };
  }
}
