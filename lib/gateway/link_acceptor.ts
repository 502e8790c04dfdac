import type { GoAwayFrame, ProbeReplyFrame } from "../protocol/mod.ts";
import type { CollectReason, Stream } from "../session/mod.ts";
import type { Capture } from "../capture/mod.ts";
import { type Clock, type Connect, frameLog, Link, observeBoth } from "../link/mod.ts";
import type { LinkStatus, Logger, TrafficObserver, TunnelMetrics } from "../telemetry/mod.ts";
import { LinkHandshake } from "./link_handshake.ts";
import type { Registry } from "./registry.ts";
import type { RequestIds, RunnerSession } from "./runner_session.ts";

export interface LinkAcceptorOptions {
  gatewayId: number;
  agent: string;
  pingIntervalMs: number;
  pingTimeoutMs: number;
  resumeWindowMs: number;
  registry: Registry;
  requestIds: RequestIds;
  logger: Logger;
  metrics: TunnelMetrics;
  clock: Clock;
  /** Uniform in [0, 1): the jitter of pings. */
  random: () => number;
  /** Is told of links, if anybody wants to be. */
  observer?: TrafficObserver;
  /** Called for each stream that is gone for good. */
  collected(stream: Stream, reason: CollectReason): void;
  /** Records what crosses links, if that was asked for. */
  capture?: Capture;
  /** A probe came back over the session's link. */
  probeReply(session: RunnerSession, reply: ProbeReplyFrame): void;
  /** A new session is up, or an old one has its link again. */
  ready(session: RunnerSession, resumed: boolean): void;
  /** What runners are told while the gateway drains, when none can come back; `null` before. @default it never drains */
  goAway?(): GoAwayFrame | null;
}

/** Takes the runners' links: hello and welcome, resuming a session, replacing an older link of it. */
export class LinkAcceptor {
  readonly #options: LinkAcceptorOptions;
  readonly #links = new Set<Link>();
  #whenGone: (() => void) | null = null;

  constructor(options: LinkAcceptorOptions) {
    this.#options = options;
  }

  /** Links open now, those still shaking hands included. */
  links(): ReadonlySet<Link> {
    return this.#links;
  }

  /** Links whose runner has not said who it is. */
  handshakes(): LinkStatus[] {
    const carrying = new Set(Array.from(this.#options.registry.all(), (session) => session.link));
    return [...this.#links].filter((link) => !carrying.has(link)).map((link) => ({
      ...{ id: "", runner: "", agent: "", address: "", state: "connecting" as const, draining: false },
      ...{ linkCount: 1, streams: 0, bufferedBytes: 0 },
      ...link.status(),
    }));
  }

  /** Serves a link over a WebSocket whose handshake is done and whose token was right. */
  accept(connect: Connect, address: string): void {
    const { capture, logger, metrics, pingIntervalMs, pingTimeoutMs, clock, random } = this.#options;
    const tap = capture?.link(address);
    const link: Link = new Link({
      connect,
      pingIntervalMs,
      pingTimeoutMs,
      clock,
      random,
      observer: observeBoth(tap, frameLog(logger, () => handshake.fields())),
      metrics: metrics.links,
      events: {
        rtt: (rttMs) => handshake.rtt(rttMs),
        frame: (frame) => handshake.frame(frame),
        goAway: (frame) => handshake.goAway(frame),
        phase: (from, to, reason) => handshake.phase(from, to, reason),
        closed: (end) => {
          this.#links.delete(link);
          handshake.closed(end);
          if (this.#links.size === 0) this.#whenGone?.();
        },
      },
    });
    const handshake: LinkHandshake = new LinkHandshake(link, { ...this.#options, address, tap });
    this.#links.add(link);
    link.start();
  }

  /** Closes every link that is open. */
  close(reason: string, code: number): void {
    for (const link of [...this.#links]) if (link.open) link.close(reason, code);
  }

  /** Waits until no link is left; those that are not gone within `withinMs` are dropped. */
  async gone(withinMs: number): Promise<void> {
    if (this.#links.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#options.clock.after(withinMs, resolve);
        this.#whenGone = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    for (const link of [...this.#links]) link.destroy({ kind: "closed", reason: "shutting down" });
  }
}
