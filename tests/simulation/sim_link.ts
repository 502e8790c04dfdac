import {
  CborWriter,
  encodeFrame,
  type Frame,
  FrameReader,
  frameTypes,
  type GoAwayFrame,
  type LinkFrame,
  ProtocolError,
  type StreamFrame,
} from "../../lib/protocol/mod.ts";
import { Heartbeat, type HeartbeatEffect, type Session } from "../../lib/session/mod.ts";
import type { DelegatedFrame, LinkEnd } from "../../lib/link/mod.ts";
import type { WireEnd, WireHandler } from "./network.ts";
import type { Process, Timer } from "./schedule.ts";
import type { Watcher } from "./watcher.ts";

export interface SimLinkOptions {
  name: string;
  process: Process;
  wire: WireEnd;
  pingIntervalMs: number;
  pingTimeoutMs: number;
  random: () => number;
  watcher: Watcher;
  events: {
    frame(frame: DelegatedFrame): void;
    goAway(frame: GoAwayFrame): void;
    closed(end: LinkEnd): void;
  };
}

/** As in lib/link: a message is sent once it holds this much, bytes; delayed acknowledgements wait this long. */
const messageTargetBytes = 96 * 1024;
const acknowledgeWithinMs = 25;

/**
 * What `Link` of lib/link is around a session and a heartbeat, in virtual time over a simulated wire: frames of
 * one turn in one message through the real codec, resets and acknowledgements ahead of pings, these ahead of data.
 */
export class SimLink implements WireHandler {
  readonly name: string;
  readonly heartbeat: Heartbeat;
  readonly process: Process;
  readonly #wire: WireEnd;
  readonly #options: SimLinkOptions;
  readonly #writer = new CborWriter(1024);
  #session: Session | null = null;
  #control: LinkFrame[] = [];
  #flushScheduled = false;
  #ackTimer: Timer | null = null;
  #tickTimer: Timer | null = null;
  #gone = false;
  #end: LinkEnd | null = null;

  constructor(options: SimLinkOptions) {
    this.name = options.name;
    this.process = options.process;
    this.#wire = options.wire;
    this.#options = options;
    this.heartbeat = new Heartbeat({
      intervalMs: options.pingIntervalMs,
      timeoutMs: options.pingTimeoutMs,
      random: options.random,
    }, options.process.schedule.now);
    options.wire.handler = this;
  }

  start(): void {
    this.#tick();
  }

  /** What kept this link: for the fault injector and for traces. */
  get wire(): WireEnd {
    return this.#wire;
  }

  attachSession(session: Session): void {
    this.#session = session;
    this.scheduleFlush();
  }

  detachSession(): void {
    this.#session = null;
  }

  send(frame: LinkFrame): void {
    if (this.#gone) return;
    this.#control.push(frame);
    this.scheduleFlush();
  }

  scheduleFlush(): void {
    if (this.#flushScheduled || this.#gone) return;
    this.#flushScheduled = true;
    this.process.microtask(this.flush);
  }

  scheduleAcknowledgements(): void {
    if (this.#ackTimer !== null || this.#gone) return;
    this.#ackTimer = this.process.after(acknowledgeWithinMs, () => {
      this.#ackTimer = null;
      this.#session?.flushAcknowledgements();
    });
  }

  close(reason: string): void {
    if (this.#gone || this.#end !== null) return;
    this.flush();
    this.#end ??= { kind: "closed", reason };
    this.#wire.end(reason);
  }

  destroy(end: LinkEnd): void {
    this.#end ??= end;
    this.#wire.destroy(end.reason);
  }

  /** The process was killed: nothing of it runs any more. */
  abandon(): void {
    this.#gone = true;
    this.#ackTimer?.cancel();
    this.#tickTimer?.cancel();
  }

  // ── WireHandler ──

  message(bytes: Uint8Array): void {
    if (this.#gone || this.#end !== null) return;
    try {
      this.#apply(this.heartbeat.heard(this.#now));
      this.#receive(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#options.watcher.protocolError(this, error);
      this.#end = { kind: "protocol", reason: error.message };
      this.#wire.end(error.message);
    }
  }

  drained(): void {
    this.scheduleFlush();
  }

  ended(reason: string): void {
    this.#end ??= { kind: "closed", reason };
  }

  closed(reason: string): void {
    this.#gone = true;
    this.#ackTimer?.cancel();
    this.#tickTimer?.cancel();
    this.#options.events.closed(this.#end ?? { kind: "closed", reason });
  }

  // ── private ──

  get #now(): number {
    return this.process.schedule.now;
  }

  get #wallUs(): number {
    return Math.floor(this.#now * 1000);
  }

  #receive(message: Uint8Array): void {
    const reader = new FrameReader(message);
    for (let frame = reader.next(); frame !== null; frame = reader.next()) {
      this.#options.watcher.read(this, frame);
      if (frame.type >= frameTypes.requestStart) this.#streamFrame(frame as StreamFrame);
      else this.#linkFrame(frame as LinkFrame);
      if (this.#gone || this.#end !== null) return;
    }
  }

  #streamFrame(frame: StreamFrame): void {
    if (this.#session === null) throw new ProtocolError("a stream frame came before the link was welcomed");
    this.#session.receiveFrame(frame);
  }

  #linkFrame(frame: LinkFrame): void {
    switch (frame.type) {
      case frameTypes.ping: {
        const at = this.#wallUs;
        const { sequence, sentAtUs } = frame;
        this.send({ type: frameTypes.pong, sequence, sentAtUs, receivedAtUs: at, repliedAtUs: at });
        return;
      }
      case frameTypes.pong: {
        const result = this.heartbeat.pong(frame, this.#now, this.#wallUs);
        if (!result.accepted) return;
        this.#session?.pongReceived(frame.sequence);
        this.#apply(result.effects);
        return;
      }
      case frameTypes.goAway:
        this.#options.events.goAway(frame);
        return;
      default:
        this.#options.events.frame(frame);
    }
  }

  flush = (): void => {
    this.#flushScheduled = false;
    if (this.#gone || this.#end !== null) return;
    const session = this.#session;
    while (!this.#wire.congested) {
      session?.takeControl(this.#write);
      const control = this.#control;
      if (control.length > 0) {
        this.#control = [];
        for (const frame of control) this.#write(frame);
      }
      session?.takeData(messageTargetBytes, this.#write);
      if (this.#writer.length === 0) return;
      this.#sendMessage();
    }
  };

  #write = (frame: Frame): void => {
    if (this.#writer.length >= messageTargetBytes) this.#sendMessage();
    if (frame.type === frameTypes.ping) this.#session?.pingSent(frame.sequence);
    this.#options.watcher.written(this, frame);
    encodeFrame(frame, this.#writer);
  };

  #sendMessage(): void {
    this.#wire.send(this.#writer.view().slice());
    this.#writer.reset();
  }

  #tick = (): void => {
    if (this.#gone) return;
    this.#apply(this.heartbeat.tick(this.#now));
    if (this.#gone || this.heartbeat.phase === "lost") return;
    const waitMs = Math.max(1, this.heartbeat.deadline - this.#now);
    this.#tickTimer = this.process.after(Math.ceil(waitMs), this.#tick);
  };

  #apply(effects: HeartbeatEffect[]): void {
    for (const effect of effects) {
      if (effect.type === "ping") {
        this.send({ type: frameTypes.ping, sequence: effect.sequence, sentAtUs: this.#wallUs });
        continue;
      }
      this.#options.watcher.note(this.name, `${effect.from} → ${effect.to}: ${effect.reason}`);
      if (effect.to === "lost") this.destroy({ kind: "lost", reason: effect.reason });
    }
  }
}
