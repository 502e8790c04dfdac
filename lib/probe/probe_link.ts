import {
  CborWriter,
  encodeFrame,
  FrameReader,
  frameTypes,
  type ProbeFrame,
  type ProbeReadyFrame,
  type ProbeResultFrame,
  ProtocolError,
} from "../protocol/mod.ts";
import { type DialledLink, dialLink, monotonicMs } from "../link/mod.ts";
import { WebSocketConnection, type WebSocketHandler } from "../net/mod.ts";

export interface DialProbeOptions {
  /** `ws:` or `wss:`, as far as the gateway's own root. */
  gatewayUrl: URL;
  token: string;
  runnerName: string;
  /** One session of that name; `null` leaves the choice to the gateway. */
  sessionId: string | null;
  intervalMs: number;
  /** Payload each probe carries both ways. */
  sizeBytes: number;
  caCerts?: string[];
  signal?: AbortSignal;
}

/** The connection ended before the gateway said who answers probes, or the gateway ended it for good. */
export class ProbeRefusedError extends Error {
  override readonly name = "ProbeRefusedError";
}

export interface ProbeLinkEvents {
  /** @param receivedAtMs when its bytes were read, on the monotonic clock */
  result(frame: ProbeResultFrame, receivedAtMs: number): void;
  /** The connection is gone; called once. `refused`: the gateway said that this prober broke its limits. */
  closed(reason: string, refused: boolean): void;
}

/** How long the gateway may take to say who answers, milliseconds. */
const readyWithinMs = 10_000;

/** A result is a payload of 64 KiB at most and a little text; a list of sessions may be larger. */
const maxMessageBytes = 256 * 1024;
const closeNormal = 1000;
const closeProtocolError = 1002;

/**
 * Connects to a gateway's probe endpoint and waits until it says which session answers.
 *
 * @throws {DialError} when the gateway cannot be reached, or is silent
 * @throws {LinkRefusedError} when it refuses: a wrong token, an unknown runner, a limit
 * @throws {ProbeRefusedError} when it closes the connection before it is ready
 */
export async function dialProbe(options: DialProbeOptions): Promise<ProbeLink> {
  const { token, caCerts, signal, runnerName, sessionId, intervalMs, sizeBytes } = options;
  const gatewayUrl = new URL(options.gatewayUrl);
  gatewayUrl.searchParams.set("runner", runnerName);
  if (sessionId !== null) gatewayUrl.searchParams.set("session", sessionId);
  gatewayUrl.searchParams.set("interval-us", String(Math.round(intervalMs * 1000)));
  gatewayUrl.searchParams.set("size", String(sizeBytes));
  const link = new ProbeLink(await dialLink({ gatewayUrl, path: "probe", token, caCerts, signal }));
  await link.ready(signal);
  return link;
}

/** A prober's WebSocket to a gateway. */
export class ProbeLink implements WebSocketHandler {
  /** Set before use; until then results are not expected. */
  events: ProbeLinkEvents | null = null;
  readonly #connection: WebSocketConnection;
  readonly #writer = new CborWriter({ initialBytes: 1024 });
  readonly #ready = Promise.withResolvers<ProbeReadyFrame>();
  #welcome: ProbeReadyFrame | null = null;
  #endReason: string | null = null;
  #refused = false;
  #closed = false;

  constructor({ socket, head }: DialledLink) {
    this.#connection = new WebSocketConnection(socket, {
      side: "client",
      handler: this,
      head,
      maxPartBytes: maxMessageBytes,
      maxMessageBytes,
    });
    // Whoever awaits `ready` sees the rejection; the connection may end before somebody does.
    this.#ready.promise.catch(() => {});
    socket.start();
    this.#connection.readHead();
  }

  /** What the gateway said first. */
  get welcome(): ProbeReadyFrame {
    if (this.#welcome === null) throw new TypeError("the gateway has not said yet who answers probes");
    return this.#welcome;
  }

  get open(): boolean {
    return !this.#closed && this.#endReason === null;
  }

  /** Waits for the gateway to say who answers. */
  async ready(signal?: AbortSignal): Promise<void> {
    const giveUp = () => this.#give("it was not ready in time");
    const timer = setTimeout(giveUp, readyWithinMs);
    signal?.addEventListener("abort", giveUp, { once: true });
    try {
      await this.#ready.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
    }
  }

  send(frame: ProbeFrame): void {
    encodeFrame(frame, this.#writer);
    this.#connection.sendPart(true, this.#writer.view(), true);
    this.#writer.reset();
  }

  close(): void {
    this.#endReason ??= "closed";
    this.#connection.close(closeNormal);
  }

  /** Drops the connection at once. */
  destroy(): void {
    this.#connection.destroy();
  }

  // ── WebSocketHandler ──

  part(binary: boolean, bytes: Uint8Array, final: boolean): void {
    if (this.#endReason !== null) return;
    const receivedAtMs = monotonicMs();
    try {
      if (!binary || !final || bytes.length === 0) {
        throw new ProtocolError("a gateway's message must be binary, whole and hold a frame");
      }
      const reader = new FrameReader(bytes);
      for (let frame = reader.next(); frame !== null; frame = reader.next()) {
        switch (frame.type) {
          case frameTypes.probeReady:
            this.#welcome = frame;
            this.#ready.resolve(frame);
            break;
          case frameTypes.probeResult:
            this.events?.result(frame, receivedAtMs);
            break;
          case frameTypes.error:
            this.#endReason = frame.message;
            this.#refused = true;
            return;
          default:
            throw new ProtocolError("a gateway sends probe results alone here");
        }
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#endReason = error.message;
      this.#connection.close(closeProtocolError, error.message);
    }
  }

  closing(code: number | null, reason: string): void {
    this.#endReason ??= reason === "" ? `the gateway closed it (${code ?? "no code"})` : reason;
    this.#connection.close(code === null ? null : closeNormal);
  }

  drained(): void {}

  closed(_clean: boolean, error: Error | null): void {
    this.#closed = true;
    const reason = this.#endReason ?? error?.message ?? "the connection broke off";
    this.#ready.reject(new ProbeRefusedError(`the gateway ended the probe connection: ${reason}`));
    this.events?.closed(reason, this.#refused);
  }

  #give(reason: string): void {
    this.#endReason ??= reason;
    this.#connection.destroy();
  }
}
