import {
  CborWriter,
  encodeFrame,
  type Frame,
  FrameReader,
  frameTypes,
  type GoAwayFrame,
  type LinkFrame,
  maxQueuedAnswers,
  type PingFrame,
  type PongFrame,
  ProtocolError,
  type StreamFrame,
} from "../protocol/mod.ts";
import {
  bytePool,
  Heartbeat,
  type HeartbeatEffect,
  type HeartbeatPhase,
  type Session,
} from "../session/mod.ts";
import type { WebSocketHandler } from "../net/mod.ts";
import { maxFrameHeaderBytes } from "../websocket/mod.ts";
import { LinkMetrics } from "../telemetry/mod.ts";
import { keepWarm } from "../warm/mod.ts";
import { type Clock, systemClock, type Timer } from "./clock.ts";
import type { Connect, FrameConnection } from "./frame_connection.ts";
import type { CarriedStatus } from "./link_status.ts";

/** Link frames that the link itself does not deal with. */
export type DelegatedFrame = Exclude<LinkFrame, PingFrame | PongFrame | GoAwayFrame>;

/** Why a link ended. `lost`: nothing was heard; `protocol`: a peer broke the rules; `closed`: the rest. */
export interface LinkEnd {
  kind: "lost" | "protocol" | "closed";
  reason: string;
}

/** Sees every message as it crosses the link, for capture and for logs. Bytes are valid during the call alone. */
export interface LinkObserver {
  sent(message: Uint8Array): void;
  received(message: Uint8Array): void;
}

export interface LinkEvents {
  /** A frame of the hello, resume, probe or error kind. A thrown ProtocolError closes the link. */
  frame(frame: DelegatedFrame): void;
  goAway(frame: GoAwayFrame): void;
  phase(from: HeartbeatPhase, to: HeartbeatPhase, reason: string): void;
  /** A pong was measured. */
  rtt?(rttMs: number): void;
  /** The link is gone; called once. */
  closed(end: LinkEnd): void;
}

export interface LinkOptions {
  /** Makes the WebSocket that carries the link. */
  connect: Connect;
  pingIntervalMs: number;
  pingTimeoutMs: number;
  events: LinkEvents;
  observer?: LinkObserver;
  /** Counts what the link carries, together with other links. @default its own */
  metrics?: LinkMetrics;
  /** @default the system's */
  clock?: Clock;
  /** Uniform in [0, 1): the source of the pings' jitter. @default Math.random */
  random?: () => number;
}

/** A message is sent once it holds this much, bytes; one frame more still fits below the limit. */
const messageTargetBytes = 96 * 1024;

/** Longer messages go out from where they are; shorter ones are copied to lie beside what else is written in the turn. */
const copiedMessageBytes = 4 * 1024;

/** Acknowledgements that are not due at once wait this long for company, milliseconds. */
const acknowledgeWithinMs = 25;

const nothing = new Uint8Array(0);

/** Close codes of RFC 6455, section 7.4.1. */
const closeNormal = 1000;
const closeProtocolError = 1002;

/**
 * One WebSocket between a runner and a gateway as a stream of frames: joins all frames of a turn of the event
 * loop into one message, puts control frames ahead of data, runs the heartbeat and feeds a session.
 */
export class Link implements WebSocketHandler {
  readonly heartbeat: Heartbeat;
  readonly #connection: FrameConnection;
  readonly #clock: Clock;
  readonly #openedAtMs: number;
  readonly #events: LinkEvents;
  readonly #observer: LinkObserver | undefined;
  readonly #metrics: LinkMetrics;
  readonly #writer = new CborWriter({
    initialBytes: 16 * 1024 - maxFrameHeaderBytes,
    roomBytes: maxFrameHeaderBytes,
    buffers: bytePool,
  });
  readonly #reader = new FrameReader(nothing);
  #session: Session | null = null;
  #control: LinkFrame[] = [];
  #flushScheduled = false;
  #ackTimer: Timer | null = null;
  #tickTimer: Timer | null = null;
  #gone = false;
  #end: LinkEnd | null = null;
  /** Who waits for the pong of which ping. */
  #awaited: { sequence: number; run: () => void }[] = [];
  /** When the last pong was measured; 0 before the first. */
  #pongAtMs = 0;
  #bytesAtTick = 0;
  #lastTick: { monotonicMs: number; wallUs: number };

  constructor(options: LinkOptions) {
    this.#events = options.events;
    this.#observer = options.observer;
    this.#metrics = options.metrics ?? new LinkMetrics();
    const clock = options.clock ?? systemClock;
    const now = clock.monotonicMs();
    this.#clock = clock;
    this.#openedAtMs = now;
    this.heartbeat = new Heartbeat({
      intervalMs: options.pingIntervalMs,
      timeoutMs: options.pingTimeoutMs,
      random: options.random ?? Math.random,
    }, now);
    this.#lastTick = { monotonicMs: now, wallUs: clock.wallUs() };
    this.#connection = options.connect(this);
    keepWarm(this);
  }

  /** Sends the first ping and reads what came along with the handshake. */
  start(): void {
    this.#tick();
    this.#connection.readHead();
  }

  /** Whether the link still carries frames. */
  get open(): boolean {
    return !this.#gone && this.#end === null;
  }

  /** How the link is now, for an onlooker. */
  status(): CarriedStatus {
    const { rtt, offset } = this.heartbeat;
    const { samples, lastMs, smoothedMs, variationMs, minMs, maxMs } = rtt;
    return {
      sinceMs: this.#clock.monotonicMs() - this.#openedAtMs,
      rtt: { samples, lastMs, smoothedMs, variationMs, minMs, maxMs },
      clockOffset: offset.known ? { offsetMs: offset.offsetMs, uncertaintyMs: offset.uncertaintyMs } : null,
      sentBytes: this.#connection.sentBytes,
      receivedBytes: this.#connection.receivedBytes,
    };
  }

  /** From now on stream frames go to and come from `session`. */
  attachSession(session: Session): void {
    this.#session = session;
    this.scheduleFlush();
  }

  /** The session moves to another link; this one carries no more of it. */
  detachSession(): void {
    this.#session = null;
  }

  /** Queues a link frame; it goes out in this turn, ahead of data. */
  send(frame: LinkFrame): void {
    if (this.#gone) return;
    this.#control.push(frame);
    this.scheduleFlush();
  }

  /**
   * Calls `run` when the peer has read everything that was sent so far, and everything it had sent by then has come.
   * Never, if the link is gone before.
   */
  afterRoundTrip(run: () => void): void {
    for (const ping of this.heartbeat.ask(this.#clock.monotonicMs())) {
      this.#awaited.push({ sequence: ping.sequence, run });
      this.#apply([ping]);
    }
  }

  /** Frames are waiting: they go out together when this turn's work is done. */
  scheduleFlush(): void {
    if (this.#flushScheduled || this.#gone) return;
    this.#flushScheduled = true;
    this.#clock.microtask(this.flush);
  }

  /** Acknowledgements are owed; they go out within 25 ms. */
  scheduleAcknowledgements(): void {
    if (this.#ackTimer !== null || this.#gone) return;
    this.#ackTimer = this.#clock.after(acknowledgeWithinMs, () => {
      this.#ackTimer = null;
      this.#session?.flushAcknowledgements();
    });
  }

  /** Sends what is queued, then a close frame. */
  close(reason: string, code = closeNormal): void {
    if (this.#gone || this.#end !== null) return;
    this.flush();
    // Without its goodbye, a peer that is slow to read would take this for a link that was lost, and wait.
    for (const frame of this.#control.splice(0)) this.#writeLinkFrame(frame);
    if (this.#writer.length > 0) this.#sendMessage();
    this.#end ??= { kind: "closed", reason };
    this.#connection.close(code, reason);
  }

  /** Drops the connection at once. */
  destroy(end: LinkEnd): void {
    this.#end ??= end;
    this.#connection.destroy();
  }

  // ── WebSocketHandler ──

  part(binary: boolean, bytes: Uint8Array, final: boolean): void {
    if (this.#gone || this.#end !== null) return;
    try {
      if (!binary) throw new ProtocolError("a link message must be binary, found text");
      if (!final) throw new ProtocolError("a link message must not be fragmented");
      if (bytes.length === 0) throw new ProtocolError("a link message must hold a frame, found none");
      this.#observer?.received(bytes);
      this.#apply(this.heartbeat.heard(this.#clock.monotonicMs()));
      this.#receive(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end = { kind: "protocol", reason: error.message };
      this.#connection.close(closeProtocolError, error.message);
    }
  }

  closing(code: number | null, reason: string): void {
    const said = reason === "" ? `code ${code ?? "none"}` : reason;
    this.#end ??= { kind: code === closeProtocolError ? "protocol" : "closed", reason: said };
    this.#connection.close(code === null ? null : closeNormal);
  }

  drained(): void {
    this.scheduleFlush();
  }

  closed(clean: boolean, error: Error | null): void {
    this.#gone = true;
    this.#ackTimer?.cancel();
    this.#tickTimer?.cancel();
    this.#metrics.closedSentBytes += this.#connection.sentBytes;
    this.#metrics.closedReceivedBytes += this.#connection.receivedBytes;
    const reason = error?.message ?? (clean ? "closed" : "the connection broke off");
    this.#events.closed(this.#end ?? { kind: "closed", reason });
  }

  // ── private ──

  #receive(message: Uint8Array): void {
    const reader = this.#reader;
    reader.restart(message);
    for (let frame = reader.next(); frame !== null; frame = reader.next()) {
      this.#metrics.framesReceived[reader.type]++;
      if (reader.type >= frameTypes.requestStart) this.#streamFrame(frame as StreamFrame);
      else this.#linkFrame(frame as LinkFrame);
      if (this.#gone || this.#end !== null) return;
    }
    reader.restart(nothing);
  }

  #streamFrame(frame: StreamFrame): void {
    if (this.#session === null) throw new ProtocolError("a stream frame came before the link was welcomed");
    this.#session.receiveFrame(frame);
  }

  #linkFrame(frame: LinkFrame): void {
    switch (frame.type) {
      case frameTypes.ping: {
        if (this.#control.length >= maxQueuedAnswers) {
          throw new ProtocolError("the peer pings, but reads no pongs");
        }
        const at = this.#clock.wallUs();
        const { sequence, sentAtUs } = frame;
        this.send({ type: frameTypes.pong, sequence, sentAtUs, receivedAtUs: at, repliedAtUs: at });
        return;
      }
      case frameTypes.pong:
        return this.#pong(frame);
      case frameTypes.goAway:
        this.#events.goAway(frame);
        return;
      default:
        this.#events.frame(frame);
    }
  }

  #pong(frame: PongFrame): void {
    const now = this.#clock.monotonicMs();
    const result = this.heartbeat.pong(frame, now, this.#clock.wallUs());
    if (!result.accepted) {
      this.#metrics.pongsDropped[result.reason]++;
      return;
    }
    this.#metrics.pingDuration.observe(result.rttMs / 1000);
    if (this.#pongAtMs > 0) this.#metrics.pongGap.observe((now - this.#pongAtMs) / 1000);
    this.#pongAtMs = now;
    this.#session?.pongReceived(frame.sequence);
    this.#events.rtt?.(result.rttMs);
    this.#apply(result.effects);
    const answered = this.#awaited.filter(({ sequence }) => sequence === frame.sequence);
    if (answered.length === 0) return;
    this.#awaited = this.#awaited.filter(({ sequence }) => sequence !== frame.sequence);
    for (const { run } of answered) run();
  }

  /** Sends now what is queued, as far as the socket takes it. */
  flush = (): void => {
    this.#flushScheduled = false;
    if (this.#gone || this.#end !== null) return;
    const session = this.#session;
    while (!this.#connection.congested) {
      // Resets and acknowledgements first: a pong then proves to the session that they were read.
      session?.takeControl(this.#write);
      const control = this.#control;
      if (control.length > 0) {
        this.#control = [];
        for (const frame of control) this.#writeLinkFrame(frame);
      }
      session?.takeData(messageTargetBytes, this.#write);
      if (this.#writer.length === 0) return;
      this.#sendMessage();
    }
  };

  #writeLinkFrame(frame: LinkFrame): void {
    if (this.#writer.length >= messageTargetBytes) this.#sendMessage();
    if (frame.type === frameTypes.ping) {
      frame.sentAtUs = this.#clock.wallUs();
      this.#session?.pingSent(frame.sequence);
    } else if (frame.type === frameTypes.pong) {
      frame.repliedAtUs = this.#clock.wallUs();
    }
    this.#write(frame);
  }

  #write = (frame: Frame): void => {
    if (this.#writer.length >= messageTargetBytes) this.#sendMessage();
    this.#metrics.framesSent[encodeFrame(frame, this.#writer)]++;
  };

  #sendMessage(): void {
    const message = this.#writer.view();
    this.#observer?.sent(message);
    if (message.length > copiedMessageBytes) {
      this.#connection.sendInPlace(this.#writer.take());
    } else {
      this.#connection.sendPart(true, message, true);
      this.#writer.reset();
    }
  }

  #tick = (): void => {
    if (this.#gone) return;
    const now = this.#clock.monotonicMs();
    const wall = this.#clock.wallUs();
    // A slow link may need longer than the timeout for one message: its bytes are a sign of life, too.
    if (this.#connection.receivedBytes !== this.#bytesAtTick) {
      this.#bytesAtTick = this.#connection.receivedBytes;
      if (this.heartbeat.phase !== "connecting") this.#apply(this.heartbeat.heard(now));
    }
    const drift = (wall - this.#lastTick.wallUs) / 1000 - (now - this.#lastTick.monotonicMs);
    this.#lastTick = { monotonicMs: now, wallUs: wall };
    // A machine that slept: its monotonic clock stood still, its wall clock did not.
    if (drift >= this.heartbeat.timeoutMs) this.#apply(this.heartbeat.suspect(now));
    else this.#apply(this.heartbeat.tick(now));
    if (this.#gone || this.heartbeat.phase === "lost") return;
    const waitMs = Math.max(1, this.heartbeat.deadline - this.#clock.monotonicMs());
    this.#tickTimer = this.#clock.after(Math.ceil(waitMs), this.#tick);
  };

  #apply(effects: HeartbeatEffect[]): void {
    for (const effect of effects) {
      if (effect.type === "ping") {
        this.send({ type: frameTypes.ping, sequence: effect.sequence, sentAtUs: 0 });
        continue;
      }
      this.#events.phase(effect.from, effect.to, effect.reason);
      if (effect.to !== "lost") continue;
      this.#metrics.pingTimeouts++;
      this.destroy({ kind: "lost", reason: effect.reason });
    }
  }
}
