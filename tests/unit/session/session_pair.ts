import {
  type Frame,
  initialWindowBytes,
  type SequencedFrame,
  type StreamFrame,
  type StreamPosition,
} from "../../../lib/protocol/mod.ts";
import { type CollectReason, Session, type Stream } from "../../../lib/session/mod.ts";
import { gatewayId } from "./frames.ts";
import { RecordingHandler } from "./recording_handler.ts";

export type Side = "gateway" | "runner";

/**
 * A gateway's and a runner's session with a link between them that moves frames only when it is told to. A
 * link that is cut loses what is on its way.
 */
export class SessionPair {
  readonly gateway: Session;
  readonly runner: Session;
  /** Frames written to the link and not yet read, by the side that will read them. */
  readonly towards: Record<Side, Frame[]> = { gateway: [], runner: [] };
  readonly collected: Record<Side, { requestId: number; reason: CollectReason }[]> = {
    gateway: [],
    runner: [],
  };
  /** Handlers of the runner's streams, those of the latest opening. */
  readonly served = new Map<number, RecordingHandler>();
  /** Sides that have asked for {@link Session.flushAcknowledgements} to be called soon, since it was or the link was lost. */
  readonly timers = new Set<Side>();
  openings = 0;
  /** Called with each handler that the runner gives a new stream. */
  onServe: (handler: RecordingHandler) => void = () => {};
  #pings = 0;
  #nextId = 1;

  constructor(options: { window?: number } = {}) {
    const { window = initialWindowBytes } = options;
    this.gateway = this.#session("gateway", window);
    this.runner = this.#session("runner", window);
  }

  /** The first link comes up. */
  connect(): this {
    this.gateway.attach();
    this.runner.attach();
    return this;
  }

  open(kind: "http" | "websocket", first: SequencedFrame): { stream: Stream; handler: RecordingHandler } {
    const handler = new RecordingHandler();
    const stream = this.gateway.open(this.#nextId++, kind, handler);
    handler.stream = stream;
    stream.push(first);
    return { stream, handler };
  }

  /** The runner's end of a stream. */
  peer(stream: Stream): { stream: Stream; handler: RecordingHandler } {
    return { stream: this.runner.stream(stream.requestId)!, handler: this.served.get(stream.requestId)! };
  }

  /** Writes what `side` has for the link, control first. */
  write(side: Side, maxBytes = Infinity): Frame[] {
    const written: Frame[] = [];
    const keep = (frame: Frame) => written.push({ ...frame });
    this[side].takeControl(keep);
    this[side].takeData(maxBytes, keep);
    this.towards[side === "gateway" ? "runner" : "gateway"].push(...written);
    return written;
  }

  /** `side` reads what is on its way to it, or the first `count` frames of it. */
  read(side: Side, count = Infinity): void {
    for (const frame of this.towards[side].splice(0, count)) this[side].receiveFrame(frame as StreamFrame);
  }

  /** The time is up that `side` asked for, if it did. */
  flush(side: Side): void {
    if (this.timers.delete(side)) this[side].flushAcknowledgements();
  }

  /** Moves frames and makes acknowledgements due until neither side has more to say. */
  settle(): void {
    do {
      for (const side of ["gateway", "runner"] as const) {
        this[side].flushAcknowledgements();
        this.write(side);
      }
      this.read("runner");
      this.read("gateway");
      this.gateway.flushAcknowledgements();
      this.runner.flushAcknowledgements();
    } while (this.gateway.hasFrames || this.runner.hasFrames);
  }

  /** The link goes, and with it all that was on its way. */
  cut(): void {
    this.towards.gateway = [];
    this.towards.runner = [];
    this.timers.clear();
    this.gateway.detach();
    this.runner.detach();
  }

  /** A new link: the runner says where it stands, the gateway answers, both carry on. */
  redial(): { runner: StreamPosition[]; gateway: StreamPosition[] } {
    const runner = this.runner.resumeFrames().flatMap((frame) => frame.streams);
    const gateway = this.gatewayAnswers(runner);
    this.runner.applyPositions(gateway);
    return { runner, gateway };
  }

  /** The gateway's half of a redial: its list is written before it reads the runner's. */
  gatewayAnswers(runner: StreamPosition[]): StreamPosition[] {
    const gateway = this.gateway.resumeFrames().flatMap((frame) => frame.streams);
    this.gateway.applyPositions(runner);
    return gateway;
  }

  /** A ping each way, and its pong: behind everything written so far. */
  pingRoundTrip(): void {
    this.settle();
    const sequence = this.#pings++;
    for (const side of ["gateway", "runner"] as const) {
      this[side].pingSent(sequence);
      this[side].pongReceived(sequence);
    }
  }

  #session(side: Side, window: number): Session {
    return new Session({
      role: side,
      gatewayId,
      peerWindow: window,
      ownWindow: window,
      events: {
        opened: (stream) => {
          if (side === "gateway") throw new TypeError("the runner opened a stream");
          const handler = new RecordingHandler();
          handler.stream = stream;
          this.openings++;
          this.onServe(handler);
          this.served.set(stream.requestId, handler);
          return handler;
        },
        pending: () => {},
        acknowledgeSoon: () => this.timers.add(side),
        collected: ({ requestId }, reason) => this.collected[side].push({ requestId, reason }),
      },
    });
  }
}

/** The frames of `type` among `frames`. */
export function ofType<T extends Frame["type"]>(
  frames: readonly Frame[],
  type: T,
): Extract<Frame, { type: T }>[] {
  return frames.filter((frame) => frame.type === type) as Extract<Frame, { type: T }>[];
}
