import {
  type Frame,
  frameName,
  frameTypes,
  type HelloFrame,
  type LinkFrame,
  type StreamPosition,
  type WelcomeFrame,
} from "../../protocol/mod.ts";
import type { CaptureDirection, CaptureSide } from "../../capture/mod.ts";
import { HeartbeatCheck } from "./heartbeat_check.ts";
import type { SessionCheck } from "./session_check.ts";
import type { Problem } from "./violation.ts";

/** Both introductions are complete: the session that hello and welcome speak of goes on over the link. */
export interface Introduced {
  hello: HelloFrame;
  welcome: WelcomeFrame;
  /** Where the peer's streams stand. */
  positions: StreamPosition[];
}

export interface LinkCheckOptions {
  number: number;
  side: CaptureSide;
  heartbeat: HeartbeatCheck;
  /** The link was up before the capture began. */
  partial: boolean;
  /** The session that goes on, as far as known: the capturing side says where its streams stand. */
  sessionOf: (hello: HelloFrame, gatewayId: number) => SessionCheck | null;
  introduced: (introduced: Introduced) => SessionCheck;
}

const never = [
  new Set<number>([frameTypes.welcome, frameTypes.probe, frameTypes.probeReady, frameTypes.probeResult]),
  new Set<number>([frameTypes.hello, frameTypes.probeReply, frameTypes.probeReady, frameTypes.probeResult]),
];

/** One link: its introductions in order, its heartbeat, and nothing after its end. */
export class LinkCheck {
  readonly number: number;
  readonly heartbeat: HeartbeatCheck;
  /** The session it carries, once it has been welcomed. */
  session: SessionCheck | null = null;
  over = false;
  readonly #options: LinkCheckOptions;
  #hello: HelloFrame | null = null;
  #welcome: WelcomeFrame | null = null;
  #positions: StreamPosition[] = [];
  #runnerListed = false;
  #gatewayListed = false;

  constructor(options: LinkCheckOptions) {
    this.#options = options;
    this.number = options.number;
    this.heartbeat = options.heartbeat;
  }

  /** Frames that the link deals with, and no session. */
  frame(frame: LinkFrame, direction: CaptureDirection, nowMs: number): Problem | null {
    switch (frame.type) {
      case frameTypes.ping:
        if (direction === "sent") return this.heartbeat.pingSent(frame, nowMs);
        this.heartbeat.pingReceived(frame);
        return null;
      case frameTypes.pong:
        return direction === "sent"
          ? this.heartbeat.pongSent(frame)
          : this.heartbeat.pongReceived(frame, nowMs);
    }
    const fromRunner = (this.#options.side === "runner") === (direction === "sent");
    if (never[fromRunner ? 0 : 1].has(frame.type)) {
      return {
        rule: "handshake",
        message: `a ${fromRunner ? "runner" : "gateway"} must not send ${frameName(frame.type)}`,
      };
    }
    switch (frame.type) {
      case frameTypes.hello:
        if (this.#hello !== null || this.#options.partial) {
          return outOfPlace(frame, "it comes first on a link, and once");
        }
        this.#hello = frame;
        return null;
      case frameTypes.welcome:
        if (this.#welcome !== null || !this.#runnerListed) {
          return outOfPlace(frame, "it answers hello and its list, once");
        }
        this.#welcome = frame;
        return null;
      case frameTypes.resume:
        return this.#list(frame.streams, { last: frame.last, direction, fromRunner });
      default:
        return null;
    }
  }

  /** The link may carry stream frames now. */
  get introduced(): boolean {
    return this.session !== null || this.#options.partial;
  }

  #list(
    streams: StreamPosition[],
    how: { last: boolean; direction: CaptureDirection; fromRunner: boolean },
  ): Problem | null {
    const { last, direction, fromRunner } = how;
    const began = fromRunner ? this.#hello !== null && !this.#runnerListed : this.#welcome !== null;
    if (!began || (!fromRunner && this.#gatewayListed)) {
      return { rule: "handshake", message: `resume must follow ${fromRunner ? "hello" : "welcome"}, once` };
    }
    if (last && fromRunner) this.#runnerListed = true;
    if (last && !fromRunner) this.#gatewayListed = true;
    let problem: Problem | null = null;
    if (direction === "received") { for (const position of streams) this.#positions.push(position); }
    else {
      const hello = this.#hello!;
      const session = this.#options.sessionOf(hello, this.#welcome?.gatewayId ?? hello.resumeGatewayId);
      for (const position of streams) problem ??= session?.ownPosition(position) ?? null;
    }
    if (this.#gatewayListed && this.#hello !== null && this.#welcome !== null) {
      this.session = this.#options.introduced({
        hello: this.#hello,
        welcome: this.#welcome,
        positions: this.#positions,
      });
    }
    return problem;
  }
}

function outOfPlace(frame: Frame, rule: string): Problem {
  return { rule: "handshake", message: `${frameName(frame.type)} is out of place: ${rule}` };
}
