import { randomBytes } from "node:crypto";
import { maxProtocolVersion } from "../protocol/mod.ts";
import type { CollectReason, HeartbeatPhase, Stream } from "../session/mod.ts";
import { BodyBudget } from "./body_budget.ts";
import { CaptureFiles } from "./capture_files.ts";
import { CaptureWriter } from "./capture_writer.ts";
import { captureFormatVersion, type CaptureSide } from "./format.ts";
import { Redaction } from "./redaction.ts";

export interface CaptureOptions {
  /** The file that is written; rotated parts stand beside it. */
  path: string;
  side: CaptureSide;
  /** Program and version. */
  tool: string;
  /** Size and age at which a file is closed and the next one begun, and how many are kept. */
  maxFileBytes: number;
  maxFileAgeMs: number;
  maxFiles: number;
  /** Payload kept a stream, bytes. */
  maxBodyBytes: number;
  /** No redaction: everything is written as it was sent. */
  raw: boolean;
  /** Further headers and query parameters to redact. */
  redact: readonly string[];
  /** Strings that are overwritten wherever they occur: the tunnel token. */
  secrets: readonly string[];
  /** What the session runs with, for the header: names and values without secrets. */
  settings: Record<string, string>;
  /** Clocks. @default the system's */
  monotonicMs?: () => number;
  wallUs?: () => number;
  /** Bytes that may wait for the disk. @default 16 MiB */
  maxQueuedBytes?: number;
  /** The disk failed, or works again (`null`). Traffic goes on either way. */
  onProblem?: (error: Error | null) => void;
}

/** Files hold at least this many batches, so that a limit is not passed by much. */
const batchesPerFile = 8;
const maxBatchBytes = 512 * 1024;

/**
 * Captures the links of one process: hands each link an observer, and writes what they see.
 *
 * ```ts
 * await using capture = await Capture.start({ path: "run.tunnelcap", side: "runner", … });
 * const tap = capture.link("gateway.example:8080");
 * const link = new Link({ …, observer: tap });
 * ```
 */
export class Capture implements AsyncDisposable {
  readonly #writer: CaptureWriter;
  readonly #startedMs: number;
  readonly #monotonicMs: () => number;
  #links = 0;

  /**
   * Makes the first file.
   *
   * @throws errors of `Deno.mkdir` and `Deno.open`
   */
  static async start(options: CaptureOptions): Promise<Capture> {
    const capture = new Capture(options);
    await capture.#writer.begin();
    return capture;
  }

  private constructor(options: CaptureOptions) {
    const { monotonicMs = () => performance.now(), wallUs = () => Date.now() * 1000 } = options;
    this.#monotonicMs = monotonicMs;
    this.#startedMs = monotonicMs();
    const redaction = options.raw ? null : new Redaction({ names: options.redact, secrets: options.secrets });
    this.#writer = new CaptureWriter({
      files: new CaptureFiles({
        path: options.path,
        maxBytes: options.maxFileBytes,
        maxAgeMs: options.maxFileAgeMs,
        maxFiles: options.maxFiles,
        now: monotonicMs,
      }),
      header: {
        formatVersion: captureFormatVersion,
        protocolVersion: maxProtocolVersion,
        side: options.side,
        startedAtUs: Math.round(wallUs()),
        tool: options.tool,
        captureId: randomBytes(16).toHex(),
        raw: options.raw,
        settings: {
          ...options.settings,
          captureBodyBytes: String(options.maxBodyBytes),
          redacted: redaction?.names.join(" ") ?? "",
        },
      },
      policy: { budget: new BodyBudget(options.maxBodyBytes), redaction },
      maxQueuedBytes: options.maxQueuedBytes,
      batchBytes: Math.min(maxBatchBytes, Math.ceil(options.maxFileBytes / batchesPerFile)),
      onProblem: options.onProblem,
    });
  }

  /**
   * A link is up.
   *
   * @param peer address of the other end
   */
  link(peer: string): LinkTap {
    const number = ++this.#links;
    this.#writer.event(this.#nowUs(), number, { name: "opened", peer, again: false });
    return new LinkTap(this.#writer, number, () => this.#nowUs());
  }

  /** A stream is gone for good at this end. */
  collected(stream: Stream, reason: CollectReason): void {
    this.#writer.event(this.#nowUs(), 0, { name: "collected", stream: stream.id, reason });
  }

  /** Writes what waits; bounded in time. */
  async close(): Promise<void> {
    await this.#writer.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #nowUs(): number {
    return Math.round((this.#monotonicMs() - this.#startedMs) * 1000);
  }
}

/** How a link ended, as the link says it. */
export interface TappedEnd {
  kind: "lost" | "protocol" | "closed";
  reason: string;
}

/** Sees one link: its messages as a link's observer, and what happens to it. */
export class LinkTap {
  /** Its number in the capture. */
  readonly number: number;
  readonly #writer: CaptureWriter;
  readonly #nowUs: () => number;

  constructor(writer: CaptureWriter, number: number, nowUs: () => number) {
    this.#writer = writer;
    this.number = number;
    this.#nowUs = nowUs;
  }

  sent(message: Uint8Array): void {
    this.#writer.message(this.#nowUs(), this.number, "sent", message);
  }

  received(message: Uint8Array): void {
    this.#writer.message(this.#nowUs(), this.number, "received", message);
  }

  phase(from: HeartbeatPhase, to: HeartbeatPhase, reason: string): void {
    this.#writer.event(this.#nowUs(), this.number, { name: "phase", from, to, reason });
  }

  /** A session's streams go on over this link. @param session its id, hexadecimal */
  resumed(session: string, streams: number): void {
    this.#writer.event(this.#nowUs(), this.number, { name: "resumed", session, streams });
  }

  closed(end: TappedEnd): void {
    const name = end.kind === "lost" ? "lost" : end.kind === "protocol" ? "refused" : "dropped";
    this.#writer.event(this.#nowUs(), this.number, { name, reason: end.reason });
  }
}
