import type { Connect, FrameConnection } from "../../lib/link/mod.ts";
import type { WebSocketHandler } from "../../lib/net/mod.ts";
import { CborWriter, decodeFrames, encodeFrame, type Frame, frameTypes } from "../../lib/protocol/mod.ts";
import { bytePool } from "../../lib/session/mod.ts";
import { maxFrameHeaderBytes } from "../../lib/websocket/mod.ts";
import type { FrameOf } from "./frame_inbox.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** The WebSocket under a link in virtual time, and the peer at its other end, driven by hand. */
export class VirtualLink implements FrameConnection {
  congested = false;
  sentBytes = 0;
  receivedBytes = 0;
  /** Frames that the link has sent. */
  readonly sent: Frame[] = [];
  /** How the link let go of the connection. */
  ended: { code: number | null; reason: string } | "destroyed" | null = null;
  /** The peer answers pings by itself. */
  answersPings = true;
  readonly #clock: VirtualClock;
  #handler: WebSocketHandler | null = null;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  readonly connect: Connect = (handler) => {
    this.#handler = handler;
    return this;
  };

  framesSent<T extends Frame["type"]>(type: T): FrameOf<T>[] {
    return this.sent.filter((frame): frame is FrameOf<T> => frame.type === type);
  }

  /** The peer sends frames, as one message. */
  receive(...frames: Frame[]): void {
    const writer = new CborWriter();
    for (const frame of frames) encodeFrame(frame, writer);
    const bytes = writer.view().slice();
    this.receivedBytes += bytes.length;
    this.#clock.turn(() => {
      this.#handler!.part(true, bytes, true);
      // As the real connection does, which reads into the same buffer again: who kept a view of it sees rubbish.
      bytes.fill(0xee);
    });
  }

  // ── FrameConnection ──

  readHead(): void {}

  sendPart(_binary: boolean, bytes: Uint8Array, _final: boolean): void {
    this.sentBytes += bytes.length;
    const frames = decodeFrames(bytes.slice());
    this.sent.push(...frames);
    for (const frame of frames) {
      if (frame.type !== frameTypes.ping || !this.answersPings) continue;
      const { sequence, sentAtUs } = frame;
      const times = { receivedAtUs: this.#clock.wallUs(), repliedAtUs: this.#clock.wallUs() };
      this.#clock.after(1, () => this.receive({ type: frameTypes.pong, sequence, sentAtUs, ...times }));
    }
  }

  sendInPlace(buffer: Uint8Array): void {
    this.sendPart(true, buffer.subarray(maxFrameHeaderBytes), true);
    bytePool.giveBack(buffer);
  }

  close(code: number | null, reason = ""): void {
    this.#end({ code, reason });
  }

  destroy(): void {
    this.#end("destroyed");
  }

  #end(how: { code: number | null; reason: string } | "destroyed"): void {
    if (this.ended !== null) return;
    this.ended = how;
    this.answersPings = false;
    this.#clock.after(0, () => this.#handler!.closed(how !== "destroyed", null));
  }
}
