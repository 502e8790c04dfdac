import {
  frameName,
  frameTypes,
  maxUnacknowledgedFrames,
  maxWindowBytes,
  payloadBytes,
  resetCodes,
  type SequencedFrame,
} from "../../lib/protocol/mod.ts";
import type { Stream } from "../../lib/session/mod.ts";
import type { Runner } from "../../lib/gateway/runner_session.ts";
import type { Conversation, Incarnation, Outcome } from "./conversation.ts";
import {
  type Exchange,
  type GatewayContext,
  incarnationHeaders,
  unnumbered,
  wsClose,
} from "./gateway_context.ts";
import type { Letter } from "./letters.ts";
import { Outlet } from "./outlet.ts";
import { Violation } from "./watcher.ts";
import { WsPeer, type WsPeerHandler } from "./ws_peer.ts";

type State = "opening" | "refusing" | "open" | "closed";

/**
 * A client WebSocket at the gateway: what `WsExchange` of lib/gateway decides (opening, hibernating, waking, closing),
 * with a model of the client in place of its socket.
 */
export class SimWs implements Exchange, WsPeerHandler {
  readonly runnerName: string;
  readonly #conversation: Conversation;
  readonly #context: GatewayContext;
  readonly #first: Runner;
  readonly #outlet = new Outlet();
  #state: State = "opening";
  #stream: Stream | null = null;
  #incarnation: Incarnation | null = null;
  #peer: WsPeer | null = null;
  #paused = false;
  #held: SequencedFrame[] = [];
  #heldBytes = 0;
  #asleep = false;
  #retried = false;
  #clientClosed = false;
  #aborted = false;

  constructor(conversation: Conversation, runner: Runner, context: GatewayContext) {
    this.#conversation = conversation;
    this.#first = runner;
    this.runnerName = runner.name;
    this.#context = context;
  }

  start(): void {
    this.#open(this.#first);
    const { abortsAfterMs } = this.#conversation.script;
    if (abortsAfterMs !== null) this.#context.process.after(abortsAfterMs, () => this.#abort());
  }

  // ── Sleeper ──

  get heldBytes(): number {
    return this.#heldBytes;
  }

  wake(runner: Runner): void {
    this.#asleep = false;
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    this.#open(runner);
    for (const frame of held) this.#push(frame);
    if (this.#stream?.writable) this.writable();
  }

  expire(reason: string): void {
    this.#asleep = false;
    this.#end(resetCodes.resumeTimeout, reason);
  }

  shed(reason: string): void {
    this.#context.awake(this);
    this.#asleep = false;
    this.#giveUp(resetCodes.limit, reason);
    this.#end(resetCodes.limit, reason);
  }

  // ── WsPeerHandler: the client ──

  part({ bytes, final }: Letter): void {
    const stream = this.#stream;
    if (stream === null && !this.#asleep) return;
    if (stream?.sendDone) return;
    this.#push({ type: frameTypes.wsMessage, ...unnumbered, binary: true, final, bytes });
    this.#context.held(bytes.length);
    if (this.#full && !this.#paused) {
      this.#paused = true;
      this.#peer?.pause();
    }
    this.#clientLooks();
  }

  closing(code: number): void {
    if (this.#asleep) {
      this.#peer?.close(code);
      return;
    }
    const stream = this.#stream;
    if (stream === null) this.#peer?.close(code);
    else if (!stream.sendDone) this.#push(wsClose(code));
  }

  drained(): void {
    this.#outlet.drained(this.#stream);
  }

  closed(): void {
    if (this.#asleep) this.#context.awake(this);
    this.#asleep = false;
    const stream = this.#stream;
    this.#stream = null;
    let completed = false;
    if (stream !== null) {
      if (stream.sendDone && stream.receiveDone) {
        completed = true;
        this.#outlet.drained(stream);
        stream.delivered(stream.receive.undelivered, stream.receive.undeliveredBytes);
      } else {
        this.#incarnation!.givenUp = true;
        stream.reset(resetCodes.cancelled, "the client's connection broke off");
      }
      stream.release();
    }
    if (this.#conversation.outcome !== null) return;
    if (completed) this.#complete();
    else if (this.#clientClosed) this.#finish({ kind: "completed" });
    else if (this.#aborted) this.#finish({ kind: "aborted" });
    else throw new Violation(`${this.#conversation.name}: the client's connection broke off for no reason`);
  }

  // ── StreamHandler: the runner ──

  frame(frame: SequencedFrame): void {
    const peer = this.#peer;
    switch (frame.type) {
      case frameTypes.wsAccept:
        this.#accept();
        break;
      case frameTypes.wsMessage:
        if (peer !== null && !peer.closeSent) {
          this.#incarnation!.atClient(frame);
          peer.sentPart(frame.final);
          this.#clientLooks();
        }
        break;
      case frameTypes.wsClose:
        this.#closeFromOrigin(frame.code);
        break;
      case frameTypes.responseStart:
      case frameTypes.bodyChunk:
      case frameTypes.bodyEnd:
        this.#refuse(frame);
        break;
      default:
        throw new Violation(`${frameName(frame.type)} came for a WebSocket`);
    }
    this.#outlet.handed(frame, this.#peer?.congested ?? false, this.#stream);
  }

  writable(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#peer?.resume();
  }

  reset(code: number, reason: string): void {
    const stream = this.#stream;
    this.#stream = null;
    const sessionLost = code === resetCodes.linkLost || code === resetCodes.resumeTimeout;
    if (sessionLost) this.#incarnation!.givenUp = true;
    if (stream !== null && sessionLost && this.#hadClose(stream) && this.#peer !== null) {
      // The lost process had the client's close: no other has anything to say to it.
      stream.release();
      this.#peer.close(1000);
      return;
    }
    if (stream !== null && sessionLost && this.#maySleep(stream)) {
      for (const frame of stream.takeUnacknowledged()) {
        if (frame.type === frameTypes.wsMessage || frame.type === frameTypes.wsClose) this.#hold(frame);
      }
      this.#outlet.clear();
      this.#asleep = true;
      const { resumeWindowMs, hibernateWindowMs } = this.#context;
      const waited = code === resetCodes.resumeTimeout ? resumeWindowMs : 0;
      const runner = this.#context.carryOn(this, Math.max(0, hibernateWindowMs - waited));
      if (runner !== null) {
        stream.release();
        if (runner !== "wait") this.wake(runner);
        return;
      }
      this.#asleep = false;
      this.#held = [];
      this.#heldBytes = 0;
    }
    stream?.release();
    this.#end(code, reason);
  }

  // ── private ──

  #open(runner: Runner): void {
    const before = this.#incarnation;
    const incarnation = this.#conversation.begin(
      before === null ? 0 : before.base + before.acknowledgedLetters,
    );
    this.#incarnation = incarnation;
    const stream = runner.open("websocket", this);
    this.#stream = stream;
    this.#context.carries(stream.requestId, incarnation);
    this.#push({
      type: frameTypes.wsOpen,
      ...unnumbered,
      target: "/",
      headers: incarnationHeaders(incarnation),
      resumed: this.#state === "open",
      subprotocol: "",
    });
  }

  #maySleep(stream: Stream): boolean {
    if (this.#state === "opening") {
      const first = !this.#retried;
      this.#retried = true;
      return first;
    }
    const closing = stream.receiveDone || this.#peer === null || this.#peer.closeSent;
    return this.#state === "open" && !closing && !this.#peer?.inMessage && !stream.send.midMessage;
  }

  /** Whether the client has closed and the process that knew of it is gone before the origin could answer. */
  #hadClose(stream: Stream): boolean {
    return stream.sendDone && !stream.receiveDone && stream.send.frames === 0;
  }

  #push(frame: SequencedFrame): void {
    if (this.#stream === null) return this.#hold(frame);
    this.#incarnation!.pushed++;
    this.#stream.push(frame);
  }

  #hold(frame: SequencedFrame): void {
    this.#held.push(frame);
    this.#heldBytes += payloadBytes(frame);
  }

  get #full(): boolean {
    if (this.#stream !== null) return !this.#stream.writable;
    return this.#heldBytes >= maxWindowBytes || this.#held.length >= maxUnacknowledgedFrames;
  }

  #accept(): void {
    if (this.#state === "open") return;
    const { script, letters } = this.#conversation;
    const { process, random } = this.#context;
    this.#state = "open";
    this.#peer = new WsPeer({
      ...script,
      process,
      random,
      handler: this,
      letters,
      from: 0,
      told: (count) => this.#conversation.sent = count,
    });
    this.#peer.start();
    this.#clientLooks();
  }

  /** The client closes once it has said and heard everything, if that is its part. */
  #clientLooks(): void {
    const { script } = this.#conversation;
    const incarnation = this.#incarnation;
    const peer = this.#peer;
    if (script.closer === "origin" || this.#clientClosed || incarnation === null || peer === null) return;
    if (!peer.saidAll || incarnation.nextAtClient < incarnation.replies.count) return;
    this.#clientClosed = true;
    this.#context.process.after(
      this.#context.random.between(0, script.pauseMs),
      () => peer.partyCloses(1000),
    );
  }

  #closeFromOrigin(code: number): void {
    const stream = this.#stream;
    this.#peer?.close(code);
    if (stream !== null && !stream.sendDone) this.#push(wsClose(code));
  }

  #refuse(frame: SequencedFrame): void {
    if (this.#state === "open") {
      // Woken, and the origin does not want it any more: the client is told to come again.
      this.#giveUp(resetCodes.cancelled, "the origin refused the WebSocket after a restart");
      this.#peer?.close(1012);
      this.#finish({ kind: "origin" });
      return;
    }
    if (frame.type === frameTypes.responseStart) {
      this.#state = "refusing";
      this.#push(wsClose(1005));
    } else if (frame.type === frameTypes.bodyEnd) {
      this.#outlet.handed(frame, false, this.#stream);
      this.#stream?.release();
      this.#stream = null;
      this.#finish({ kind: "origin" });
    }
  }

  #giveUp(code: number, reason: string): void {
    const stream = this.#stream;
    this.#stream = null;
    if (this.#incarnation !== null) this.#incarnation.givenUp = true;
    stream?.reset(code, reason);
    stream?.release();
  }

  #abort(): void {
    if (this.#conversation.outcome !== null) return;
    this.#aborted = true;
    if (this.#peer !== null) this.#peer.destroy();
    else this.closed();
  }

  #end(code: number, reason: string): void {
    this.#finish(outcomeOf(code, reason, this.#conversation));
    this.#peer?.close(1012);
  }

  #complete(): void {
    const incarnation = this.#incarnation!;
    const { name, script } = this.#conversation;
    if (!incarnation.heardAll) throw new Violation(`${name} closed before the origin had all`);
    if (!this.#clientClosed && incarnation.nextAtClient < script.originLetters) {
      throw new Violation(`${name} closed before the client had all`);
    }
    this.#finish({ kind: "completed" });
  }

  #finish(outcome: Outcome): void {
    if (this.#conversation.outcome !== null) return;
    this.#state = "closed";
    this.#conversation.finish(outcome);
    this.#context.watcher.note(this.#conversation.name, outcome.kind);
  }
}

/** What a reset means to the client; only resets that something in the world can have caused are let through. */
export function outcomeOf(code: number, reason: string, conversation: Conversation): Outcome {
  switch (code) {
    case resetCodes.linkLost:
    case resetCodes.resumeTimeout:
      return { kind: "lost", reason };
    case resetCodes.limit:
      return { kind: "shed" };
    case resetCodes.originFailed:
      if (conversation.script.failsAfterMs !== null) return { kind: "origin" };
  }
  throw new Violation(`${conversation.name} was reset with code ${code}: ${reason}`);
}
