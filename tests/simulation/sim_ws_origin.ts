import { Buffer } from "node:buffer";
import {
  frameName,
  frameTypes,
  keepPayload,
  messagesOf,
  payloadBytes,
  resetCodes,
  type SequencedFrame,
} from "../../lib/protocol/mod.ts";
import { bodyEnd, type Stream, type StreamHandler } from "../../lib/session/mod.ts";
import type { Incarnation } from "./conversation.ts";
import { unnumbered, wsClose } from "./frames.ts";
import type { Letter } from "./letters.ts";
import { Outlet } from "./outlet.ts";
import type { RunnerContext } from "./runner_context.ts";
import { Violation } from "./watcher.ts";
import { WsPeer, type WsPeerHandler } from "./ws_peer.ts";

/** How often an origin is not back yet when a client wakes on its runner. */
const awayChance = 0.3;

/**
 * A client WebSocket at the runner: what `WsForward` of lib/runner does towards an origin or, when the script says
 * so, what `WsHandling` does for a program that acknowledges a message when it has dealt with it.
 */
export class SimWsOrigin implements StreamHandler, WsPeerHandler {
  readonly #incarnation: Incarnation;
  readonly #context: RunnerContext;
  readonly #outlet = new Outlet();
  #stream: Stream | null;
  #peer: WsPeer | null = null;
  #waiting: SequencedFrame[] = [];
  #working = false;
  #refusing = false;
  #paused = false;
  #over = false;
  #closeCode = 1005;
  /** Messages may come together: to an origin, but for one now and then, and never to a program that handles each itself. */
  readonly #together: boolean;

  constructor(stream: Stream, incarnation: Incarnation, context: RunnerContext) {
    this.#stream = stream;
    this.#incarnation = incarnation;
    this.#context = context;
    this.#together = !incarnation.conversation.script.handles && context.random.chance(0.8);
  }

  // ── StreamHandler ──

  frame(frame: SequencedFrame): void {
    if (frame.type === frameTypes.wsOpen) {
      this.#stream?.delivered(1, 0);
      this.#dial(frame.resumed);
    } else if (this.#refusing) {
      this.#stream?.delivered(1, payloadBytes(frame));
    } else {
      if (this.#context.careless) this.#stream?.delivered(1, payloadBytes(frame));
      this.#waiting.push(keepPayload(frame));
      this.#work();
    }
  }

  writable(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#peer?.resume();
  }

  reset(): void {
    const stream = this.#stream;
    this.#letGo();
    stream?.release();
  }

  // ── WsPeerHandler: the origin ──

  part({ bytes, final }: Letter): void {
    const stream = this.#stream;
    if (stream === null || stream.sendDone) return;
    stream.push({ type: frameTypes.wsMessage, ...unnumbered, binary: true, final, bytes });
    this.#pauseWhenFull(stream);
  }

  messages(letters: Letter[]): void {
    const stream = this.#stream;
    if (stream === null || stream.sendDone) return;
    const bytes = Buffer.concat(letters.map(({ bytes }) => bytes));
    const sizes = letters.map(({ bytes }) => bytes.length);
    stream.push({ type: frameTypes.wsMessages, ...unnumbered, binary: true, sizes, bytes });
    this.#pauseWhenFull(stream);
  }

  closing(code: number): void {
    const stream = this.#stream;
    if (stream === null) this.#peer?.close(code);
    else if (!stream.sendDone) stream.push(wsClose(code));
  }

  drained(): void {
    if (!this.#context.careless) this.#outlet.drained(this.#stream);
    this.#work();
  }

  closed(): void {
    const stream = this.#stream;
    this.#stream = null;
    this.#peer = null;
    this.#over = true;
    if (stream === null) return;
    if (stream.receiveDone) {
      if (!stream.sendDone) stream.push(wsClose(this.#closeCode));
      stream.delivered(stream.receive.undelivered, stream.receive.undeliveredBytes);
    } else {
      this.#incarnation.givenUp = true;
      stream.reset(resetCodes.originFailed, "the origin's WebSocket broke off");
    }
    stream.release();
  }

  // ── private ──

  #pauseWhenFull(stream: Stream): void {
    this.#originLooks();
    if (stream.writable || this.#paused) return;
    this.#paused = true;
    this.#peer?.pause();
  }

  #dial(resumed: boolean): void {
    const { process, random, dialMs } = this.#context;
    const { script } = this.#incarnation.conversation;
    process.after(random.between(0, dialMs), () => {
      if (this.#over) return;
      if (resumed && random.chance(awayChance)) {
        this.#giveUp(resetCodes.originUnreachable, "nobody listens yet");
      } else if (script.refuses) this.#refuse();
      else this.#accept();
    });
    if (script.failsAfterMs !== null) {
      process.after(script.failsAfterMs, () => this.#giveUp(resetCodes.originFailed, "the origin broke off"));
    }
  }

  #accept(): void {
    const { script } = this.#incarnation.conversation;
    const peer = new WsPeer({
      ...script,
      // A program that handles messages itself has no socket that could be congested.
      stallChance: script.handles ? 0 : script.stallChance,
      process: this.#context.process,
      random: this.#context.random,
      handler: this,
      letters: this.#incarnation.replies,
      from: 0,
      told: (count) => this.#incarnation.repliesSent = count,
    });
    this.#peer = peer;
    peer.together = true;
    this.#stream?.push({ type: frameTypes.wsAccept, ...unnumbered, headers: [], together: this.#together });
    peer.start();
    this.#work();
    this.#originLooks();
  }

  #refuse(): void {
    const stream = this.#stream!;
    this.#refusing = true;
    for (const frame of this.#waiting.splice(0)) stream.delivered(1, payloadBytes(frame));
    stream.push({
      type: frameTypes.responseStart,
      ...unnumbered,
      status: 403,
      reason: "Forbidden",
      headers: [],
    });
    stream.push({ type: frameTypes.bodyChunk, ...unnumbered, bytes: new Uint8Array(4) });
    this.#context.process.after(this.#context.random.between(0, 20), () => {
      if (this.#over) return;
      this.#over = true;
      this.#stream = null;
      stream.push(bodyEnd());
      stream.release();
    });
  }

  /** Hands on what has come: at once to an origin's socket, one after another to a program. */
  #work(): void {
    const { script } = this.#incarnation.conversation;
    if (this.#peer === null || this.#working) return;
    if (this.#context.careless && this.#peer.congested) return;
    if (!script.handles) {
      for (const frame of this.#waiting.splice(0)) this.#handOn(frame);
      return;
    }
    const frame = this.#waiting.shift();
    if (frame === undefined) return;
    this.#working = true;
    const { process, random } = this.#context;
    const busyMs = random.chance(script.stallChance) ? random.between(0, script.stallMs) : 0;
    process.after(busyMs, () => {
      this.#working = false;
      if (this.#over) return;
      this.#handOn(frame);
      this.#work();
    });
  }

  #letter(letter: Letter): void {
    const peer = this.#peer!;
    if (!peer.closeSent) {
      this.#incarnation.atOrigin(letter);
      peer.sentPart(letter.final);
    }
    this.#originLooks();
  }

  #handOn(frame: SequencedFrame): void {
    const peer = this.#peer!;
    switch (frame.type) {
      case frameTypes.wsMessage:
        this.#letter(frame);
        break;
      case frameTypes.wsMessages:
        if (!this.#together) throw new Violation("messages came together where each was to come by itself");
        for (const letter of messagesOf(frame)) {
          this.#incarnation.cameTogether++;
          this.#letter(letter);
        }
        break;
      case frameTypes.wsClose:
        this.#closeCode = frame.code;
        peer.close(frame.code);
        break;
      default:
        throw new Violation(`${frameName(frame.type)} came for a WebSocket`);
    }
    if (!this.#context.careless) this.#outlet.handed(frame, peer.congested, this.#stream);
  }

  /** The origin closes once it has said and heard everything, if that is its part. */
  #originLooks(): void {
    const { script } = this.#incarnation.conversation;
    const peer = this.#peer;
    if (script.closer === "client" || peer === null || !peer.saidAll || !this.#incarnation.heardAll) return;
    const { process, random } = this.#context;
    process.after(random.between(0, script.pauseMs), () => peer.partyCloses(1000));
  }

  #giveUp(code: number, reason: string): void {
    const stream = this.#stream;
    if (stream === null) return;
    this.#letGo();
    this.#incarnation.givenUp = true;
    stream.reset(code, reason);
    stream.release();
  }

  #letGo(): void {
    this.#stream = null;
    this.#over = true;
    this.#waiting = [];
    this.#peer?.cancel();
    this.#peer?.destroy();
    this.#peer = null;
  }
}
