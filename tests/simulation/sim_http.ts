import {
  frameName,
  frameTypes,
  payloadBytes,
  resetCodes,
  type SequencedFrame,
} from "../../lib/protocol/mod.ts";
import { bodyEnd, type Stream } from "../../lib/session/mod.ts";
import type { Runner } from "../../lib/gateway/runner_session.ts";
import type { Conversation, Incarnation, Outcome } from "./conversation.ts";
import { type Exchange, type GatewayContext, incarnationHeaders, unnumbered } from "./gateway_context.ts";
import { Outlet } from "./outlet.ts";
import type { Timer } from "./schedule.ts";
import { outcomeOf } from "./sim_ws.ts";
import { Violation } from "./watcher.ts";

/**
 * A client's HTTP request at the gateway: what `HttpExchange` of lib/gateway decides (repeating a lost request,
 * giving up), with a model of the client in place of its connection.
 */
export class SimHttp implements Exchange {
  readonly runnerName: string;
  readonly #conversation: Conversation;
  readonly #context: GatewayContext;
  readonly #first: Runner;
  readonly #outlet = new Outlet();
  #stream: Stream | null = null;
  #incarnation: Incarnation | null = null;
  #held: SequencedFrame[] = [];
  #paused = false;
  #requestEnded = false;
  #responseStarted = false;
  #repeated = false;
  #talking: Timer | null = null;
  #congested = false;

  constructor(conversation: Conversation, runner: Runner, context: GatewayContext) {
    this.#conversation = conversation;
    this.#first = runner;
    this.runnerName = runner.name;
    this.#context = context;
  }

  start(): void {
    const { abortsAfterMs, hasBody } = this.#conversation.script;
    this.#open(this.#first);
    this.#push(this.#startFrame());
    if (hasBody) this.#talkOn();
    if (abortsAfterMs !== null) this.#context.process.after(abortsAfterMs, () => this.#abort());
  }

  // ── Sleeper ──

  get heldBytes(): number {
    let bytes = 0;
    for (const frame of this.#held) bytes += payloadBytes(frame);
    return bytes;
  }

  wake(runner: Runner): void {
    const held = this.#held;
    this.#held = [];
    this.#open(runner);
    this.#push(this.#startFrame());
    for (const frame of held) this.#push(frame);
    if (this.#stream?.writable) this.writable();
  }

  expire(reason: string): void {
    this.#held = [];
    this.#finish({ kind: "lost", reason });
  }

  shed(reason: string): void {
    this.#context.awake(this);
    this.#held = [];
    this.#giveUp(resetCodes.limit, reason);
    this.#finish({ kind: "shed" });
  }

  // ── StreamHandler ──

  frame(frame: SequencedFrame): void {
    switch (frame.type) {
      case frameTypes.responseStart:
        this.#responseStarted = true;
        break;
      case frameTypes.bodyChunk:
        this.#incarnation!.atClient({ bytes: frame.bytes, final: true });
        this.#stall();
        break;
      case frameTypes.bodyEnd:
        this.#outlet.handed(frame, false, this.#stream);
        this.#complete();
        return;
      default:
        throw new Violation(`${frameName(frame.type)} came for an HTTP request`);
    }
    this.#outlet.handed(frame, this.#congested, this.#stream);
  }

  writable(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#talkOn();
  }

  reset(code: number, reason: string): void {
    const stream = this.#stream;
    this.#stream = null;
    const sessionLost = code === resetCodes.linkLost || code === resetCodes.resumeTimeout;
    if (sessionLost) this.#incarnation!.givenUp = true;
    if (sessionLost && stream !== null && this.#mayRepeat(stream)) {
      this.#repeated = true;
      this.#held = stream.takeUnacknowledged().filter((frame) => frame.type !== frameTypes.requestStart);
      const waitMs = code === resetCodes.linkLost ? this.#context.resumeWindowMs : 0;
      const runner = this.#context.carryOn(this, waitMs);
      if (runner !== null) {
        stream.release();
        if (runner !== "wait") this.wake(runner);
        return;
      }
    }
    stream?.release();
    if (this.#conversation.outcome === null) this.#finish(outcomeOf(code, reason, this.#conversation));
  }

  // ── private ──

  #open(runner: Runner): void {
    const incarnation = this.#conversation.begin(0);
    this.#incarnation = incarnation;
    this.#stream = runner.open("http", this);
    this.#context.carries(this.#stream.requestId, incarnation);
  }

  #push(frame: SequencedFrame): void {
    if (this.#stream === null) {
      this.#held.push(frame);
      return;
    }
    this.#incarnation!.pushed++;
    this.#stream.push(frame);
  }

  #mayRepeat(stream: Stream): boolean {
    const { method, hasBody } = this.#conversation.script;
    if (this.#repeated || this.#responseStarted || method === "POST") return false;
    // An empty body, too, must still be here: its end has no bytes, but it has an index.
    return !hasBody || (stream.send.releasedBytes === 0 && stream.send.acknowledgedIndex <= 1);
  }

  #startFrame(): SequencedFrame {
    const { method, hasBody } = this.#conversation.script;
    const headers = incarnationHeaders(this.#incarnation!);
    return { type: frameTypes.requestStart, ...unnumbered, method, target: "/", headers, hasBody };
  }

  // ── the client ──

  #talkOn(): void {
    if (this.#talking !== null || this.#requestEnded || this.#conversation.outcome !== null) return;
    const { process, random } = this.#context;
    this.#talking = process.after(random.between(0, this.#conversation.script.pauseMs), () => {
      this.#talking = null;
      this.#talk();
    });
  }

  #talk(): void {
    const { letters, script } = this.#conversation;
    for (let i = 0; i < script.burst && !this.#paused; i++) {
      if (this.#stream?.sendDone) return;
      const number = this.#conversation.sent;
      if (number === letters.count) {
        this.#requestEnded = true;
        this.#push(bodyEnd());
        return;
      }
      const { bytes } = letters.get(number);
      this.#conversation.sent++;
      this.#push({ type: frameTypes.bodyChunk, ...unnumbered, bytes });
      this.#context.held(bytes.length);
      if (!this.#stream?.writable) this.#paused = true;
    }
    if (!this.#paused) this.#talkOn();
  }

  #stall(): void {
    const { stallChance, stallMs } = this.#conversation.script;
    const { random, process } = this.#context;
    if (this.#congested || !random.chance(stallChance)) return;
    this.#congested = true;
    process.after(random.between(0, stallMs), () => {
      this.#congested = false;
      this.#outlet.drained(this.#stream);
    });
  }

  #complete(): void {
    const incarnation = this.#incarnation!;
    this.#outlet.drained(this.#stream);
    this.#stream?.release();
    this.#stream = null;
    if (incarnation.nextAtClient < incarnation.replies.count) {
      throw new Violation(
        `${incarnation.name}: the response ended after ${incarnation.nextAtClient} letters`,
      );
    }
    this.#finish({ kind: "completed" });
  }

  #giveUp(code: number, reason: string): void {
    const stream = this.#stream;
    this.#stream = null;
    if (stream !== null) this.#incarnation!.givenUp = true;
    stream?.reset(code, reason);
    stream?.release();
  }

  #abort(): void {
    if (this.#conversation.outcome !== null) return;
    this.#context.awake(this);
    this.#giveUp(resetCodes.cancelled, "the client closed the connection");
    this.#finish({ kind: "aborted" });
  }

  #finish(outcome: Outcome): void {
    if (this.#conversation.outcome !== null) return;
    this.#talking?.cancel();
    this.#conversation.finish(outcome);
    this.#context.watcher.note(this.#conversation.name, outcome.kind);
  }
}
