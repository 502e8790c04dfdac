import {
  formatStreamId,
  type Frame,
  frameTypes,
  type HelloFrame,
  type LinkFrame,
  parseStreamId,
  ProtocolError,
  type StreamFrame,
} from "../../protocol/mod.ts";
import {
  type CaptureHeader,
  type CaptureRecord,
  type EventRecord,
  type FrameRecord,
  skimCapturedFrame,
} from "../../capture/mod.ts";
import { HeartbeatCheck } from "./heartbeat_check.ts";
import { type Introduced, LinkCheck } from "./link_check.ts";
import { SessionCheck } from "./session_check.ts";
import type { Problem, Violation } from "./violation.ts";

/** What a check has gone through. */
export interface CheckCounts {
  frames: number;
  links: number;
  streams: number;
  resumes: number;
  gaps: number;
}

const defaultPingIntervalMs = 3_000;

/**
 * Runs a capture's frames through the protocol's own state machines: send buffer, receive order, stream stages and
 * heartbeat, with the recorded times as their clock. Deterministic: everything follows from the records.
 *
 * A capture that begins in the middle of a session, or has a gap, is taken up from there: what cannot be known is
 * not called wrong.
 */
export class CaptureCheck {
  readonly counts: CheckCounts = { frames: 0, links: 0, streams: 0, resumes: 0, gaps: 0 };
  readonly #report: (violation: Violation) => void;
  #header: CaptureHeader;
  readonly #links = new Map<number, LinkCheck>();
  /** Sessions by gateway id and session id. */
  readonly #sessions = new Map<string, SessionCheck>();
  /** Sessions whose introduction is not in the capture, by gateway id. */
  readonly #anonymous = new Map<number, SessionCheck>();
  #partial: boolean;
  /** The record being looked at. */
  #record: CaptureRecord | null = null;
  /** The session whose frame came last: most likely the one that a collection is of. */
  #latest: SessionCheck | null = null;

  constructor(header: CaptureHeader, report: (violation: Violation) => void) {
    this.#header = header;
    this.#report = report;
    this.#partial = header.part > 1;
  }

  add(record: CaptureRecord): void {
    this.#record = record;
    switch (record.kind) {
      case "frame":
        return this.#frame(record);
      case "event":
        return this.#event(record);
      case "gap":
        this.counts.gaps++;
        return this.#takeUp();
      case "malformed":
        this.#violation(null, { rule: "malformed", message: record.reason });
        return;
      case "header":
        return this.#headed(record.header);
    }
  }

  // ── private ──

  /** The next part of the same capture goes on where the last one ended; anything else begins anew. */
  #headed(header: CaptureHeader): void {
    const { captureId, part } = this.#header;
    const goesOn = header.captureId === captureId && (header.part === part + 1 || header.part === part);
    this.#header = header;
    if (goesOn) return;
    this.#takeUp();
    this.#partial = header.part > 1;
  }

  /** Nothing is known of links and streams any more. */
  #takeUp(): void {
    this.#links.clear();
    this.#sessions.clear();
    this.#anonymous.clear();
    this.#partial = true;
  }

  #frame(record: FrameRecord): void {
    this.counts.frames++;
    let frame: Frame | null;
    try {
      frame = skimCapturedFrame(record, "none");
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return this.#violation(null, { rule: "malformed", message: error.message });
    }
    const link = this.#link(record.link, record.timeUs);
    const nowMs = record.timeUs / 1000;
    const missed = link.heartbeat.settle(nowMs);
    if (missed !== null) this.#violation(null, missed);
    if (link.over) {
      return this.#violation(null, {
        rule: "use-after-close",
        message: `a frame ${
          record.direction === "sent" ? "was sent" : "arrived"
        } after the end of link ${link.number}`,
      });
    }
    if (record.direction === "received") link.heartbeat.heard(nowMs);
    if (frame === null) return;
    if (frame.type < frameTypes.requestStart) {
      const problem = link.frame(frame as LinkFrame, record.direction, nowMs);
      if (problem !== null) this.#violation(null, problem);
      return;
    }
    const stream = frame as StreamFrame;
    const session = this.#sessionFor(link, stream);
    if (session === null) {
      return this.#violation(stream, {
        rule: "handshake",
        message: "a stream frame came before the link was welcomed",
      });
    }
    if (frame.type === frameTypes.requestStart || frame.type === frameTypes.wsOpen) this.counts.streams++;
    this.#latest = session;
    const problem = session.frame(stream, record.direction);
    if (problem !== null) this.#violation(stream, problem);
  }

  /** The session of a link; one that is not known is taken up if the capture may lack its beginning. */
  #sessionFor(link: LinkCheck, frame: StreamFrame): SessionCheck | null {
    if (link.session !== null) return link.session;
    if (!link.introduced) return null;
    let session = this.#anonymous.get(frame.gatewayId);
    if (session === undefined) {
      const windows = { peer: null, own: null };
      session = new SessionCheck({ side: this.#header.side, windows, partial: true, link: link.number });
      this.#anonymous.set(frame.gatewayId, session);
    }
    link.session = session;
    return session;
  }

  #link(number: number, timeUs: number): LinkCheck {
    const known = this.#links.get(number);
    if (known !== undefined) return known;
    // Its opening is not in the capture.
    return this.#openLink(number, timeUs, true);
  }

  #openLink(number: number, timeUs: number, partial: boolean): LinkCheck {
    const { side, settings } = this.#header;
    const intervalMs = Number(settings.pingIntervalMs ?? defaultPingIntervalMs);
    const timeoutMs = Number(settings.pingTimeoutMs ?? intervalMs * 10);
    const link = new LinkCheck({
      number,
      side,
      partial,
      heartbeat: new HeartbeatCheck({ intervalMs, timeoutMs, startedMs: timeUs / 1000, partial }),
      sessionOf: (hello, gatewayId) => this.#sessions.get(sessionKey(gatewayId, hello)) ?? null,
      introduced: (introduced) => this.#introduced(number, introduced),
    });
    this.#links.set(number, link);
    this.counts.links++;
    return link;
  }

  #introduced(number: number, { hello, welcome, positions }: Introduced): SessionCheck {
    const { side } = this.#header;
    const key = sessionKey(welcome.gatewayId, hello);
    const known = this.#sessions.get(key);
    const sameGateway = hello.resumeGatewayId === welcome.gatewayId;
    // A gateway holds a session that its runner may have given up; a runner goes on only with its own.
    const goesOn = welcome.resumed && (side === "gateway" || sameGateway);
    const partial = goesOn && known === undefined && this.#partial;
    let session = goesOn ? known : undefined;
    session ??= new SessionCheck({
      side,
      windows: side === "gateway"
        ? { peer: hello.initialWindow, own: welcome.initialWindow }
        : { peer: welcome.initialWindow, own: hello.initialWindow },
      partial,
      link: number,
    });
    this.#sessions.set(key, session);
    if (goesOn) this.counts.resumes++;
    for (const { requestId, problem } of session.resume(number, sameGateway ? positions : [])) {
      this.#violation({ gatewayId: welcome.gatewayId, requestId }, problem);
    }
    return session;
  }

  #event(record: EventRecord): void {
    const { event } = record;
    switch (event.name) {
      case "opened":
        // At the head of a part the links that were open are named again.
        if (event.again ? !this.#links.has(record.link) : true) {
          this.#openLink(record.link, record.timeUs, event.again);
        }
        return;
      case "phase": {
        const link = this.#link(record.link, record.timeUs);
        const problem = link.heartbeat.phase(event.from, event.to, record.timeUs / 1000);
        if (problem !== null) this.#violation(null, problem);
        return;
      }
      case "dropped":
      case "lost":
      case "refused":
        this.#link(record.link, record.timeUs).over = true;
        return;
      case "collected":
        this.#collected(event.stream);
        return;
    }
  }

  #collected(id: string): void {
    const stream = parseStreamId(id);
    if (stream === null || this.#latest?.collected(stream.requestId)) return;
    for (const session of this.#sessions.values()) if (session.collected(stream.requestId)) return;
    this.#anonymous.get(stream.gatewayId)?.collected(stream.requestId);
  }

  #violation(stream: { gatewayId: number; requestId: number } | null, problem: Problem): void {
    const { number, offset, timeUs, link } = this.#record!;
    this.#report({
      record: number,
      offset,
      timeUs,
      link,
      stream: stream === null ? null : formatStreamId(stream.gatewayId, stream.requestId),
      ...problem,
    });
  }
}

function sessionKey(gatewayId: number, hello: HelloFrame): string {
  return `${gatewayId}-${hello.sessionId.toHex()}`;
}
