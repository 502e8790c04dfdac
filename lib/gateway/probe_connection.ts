import {
  CborWriter,
  encodeFrame,
  errorCodes,
  type ErrorFrame,
  FrameReader,
  frameTypes,
  type ProbeFrame,
  type ProbeReadyFrame,
  type ProbeResultFrame,
  ProtocolError,
} from "../protocol/mod.ts";
import { type ByteSocket, WebSocketConnection, type WebSocketHandler } from "../net/mod.ts";
import { monotonicMs } from "../link/mod.ts";
import { maxProbeBytes, ProbeAllowance, type ProbeRequest } from "./probe_limits.ts";

export interface ProbeConnectionEvents {
  /** A probe within the limits came; its payload is the receiver's to keep. */
  probe(frame: ProbeFrame, receivedAtMs: number): void;
  /** The connection is gone; called once. */
  closed(reason: string): void;
}

/** Results wait for a prober that does not read them up to this many bytes; further ones are dropped, as lost. */
const maxQueuedBytes = 1024 * 1024;

/** Largest message of a prober: one probe and the array around it. */
const maxMessageBytes = maxProbeBytes + 64;

/** RFC 6455, 7.4.1. */
const closeNormal = 1000;
const closeProtocolError = 1002;
const closePolicy = 1008;

/** One prober's WebSocket at the gateway: probes come in, results go out, limits are kept. */
export class ProbeConnection implements WebSocketHandler {
  readonly request: ProbeRequest;
  readonly allowance: ProbeAllowance;
  /** When the last probe came, or the connection began, on the monotonic clock. */
  heardAtMs: number;
  readonly #connection: WebSocketConnection;
  readonly #events: ProbeConnectionEvents;
  readonly #writer = new CborWriter({ initialBytes: 1024 });
  #endReason: string | null = null;

  constructor(
    options: { socket: ByteSocket; head: Uint8Array; request: ProbeRequest; events: ProbeConnectionEvents },
  ) {
    this.request = options.request;
    this.#events = options.events;
    this.heardAtMs = monotonicMs();
    this.allowance = new ProbeAllowance(options.request.intervalUs, this.heardAtMs);
    this.#connection = new WebSocketConnection(options.socket, {
      side: "server",
      handler: this,
      head: options.head,
      maxPartBytes: maxMessageBytes,
      maxMessageBytes,
    });
  }

  /** Says who answers, then reads what came along with the handshake. */
  start(ready: ProbeReadyFrame): void {
    this.#send(ready);
    this.#connection.readHead();
  }

  result(frame: ProbeResultFrame): void {
    if (this.#connection.bufferedBytes <= maxQueuedBytes) this.#send(frame);
  }

  /** Tells the prober why, then closes. */
  refuse(code: number, reason: string): void {
    if (this.#endReason !== null) return;
    this.#endReason = reason;
    this.#send({ type: frameTypes.error, code, message: reason });
    this.#connection.close(code === errorCodes.protocol ? closeProtocolError : closePolicy, reason);
  }

  close(reason: string, code: number): void {
    this.#endReason ??= reason;
    this.#connection.close(code, reason);
  }

  destroy(): void {
    this.#connection.destroy();
  }

  // ── WebSocketHandler ──

  part(binary: boolean, bytes: Uint8Array, final: boolean): void {
    if (this.#endReason !== null) return;
    const receivedAtMs = monotonicMs();
    this.heardAtMs = receivedAtMs;
    try {
      if (!binary || !final || bytes.length === 0) {
        throw new ProtocolError("a prober's message must be binary, whole and hold a frame");
      }
      const reader = new FrameReader(bytes);
      for (let frame = reader.next(); frame !== null; frame = reader.next()) {
        if (frame.type !== frameTypes.probe) throw new ProtocolError("a prober may send probes alone");
        if (!this.#allowed(frame, receivedAtMs)) return;
        this.#events.probe(frame, receivedAtMs);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.refuse(errorCodes.protocol, error.message);
    }
  }

  closing(code: number | null, reason: string): void {
    this.#endReason ??= reason === "" ? `code ${code ?? "none"}` : reason;
    this.#connection.close(code === null ? null : closeNormal);
  }

  drained(): void {}

  closed(clean: boolean, error: Error | null): void {
    this.#endReason ??= error?.message ?? (clean ? "closed" : "the connection broke off");
    this.#events.closed(this.#endReason);
  }

  // ── private ──

  #allowed(frame: ProbeFrame, nowMs: number): boolean {
    const { payloadBytes, intervalUs } = this.request;
    if (frame.payload.length > payloadBytes) {
      const found = frame.payload.length;
      this.refuse(errorCodes.limit, `a probe carried ${found} bytes, where ${payloadBytes} were asked for`);
      return false;
    }
    if (this.allowance.take(nowMs)) return true;
    this.refuse(errorCodes.limit, `probes came faster than the ${intervalUs} us apart that were asked for`);
    return false;
  }

  #send(frame: ProbeReadyFrame | ProbeResultFrame | ErrorFrame): void {
    encodeFrame(frame, this.#writer);
    this.#connection.sendPart(true, this.#writer.view(), true);
    this.#writer.reset();
  }
}
