import { CborWriter } from "../protocol/mod.ts";
import type { CaptureFiles } from "./capture_files.ts";
import { CaptureQueue, type QueuedItem } from "./capture_queue.ts";
import {
  encodeEventRecord,
  encodeFrameRecord,
  encodeGapRecord,
  encodeHeader,
  encodeMalformedRecord,
} from "./encode_record.ts";
import type { CaptureDirection, CaptureEvent, CaptureHeader } from "./format.ts";
import { type CapturePolicy, splitMessage } from "./message_splitter.ts";

export interface CaptureWriterOptions {
  files: CaptureFiles;
  /** What every part begins with, but for its number. */
  header: Omit<CaptureHeader, "part">;
  policy: CapturePolicy;
  /** Bytes that may wait for the disk before something is dropped. @default 16 MiB */
  maxQueuedBytes?: number;
  /** Bytes of records encoded and written at a time. @default 512 KiB */
  batchBytes?: number;
  /** The disk failed, or works again (`null`). */
  onProblem?: (error: Error | null) => void;
}

const defaultMaxQueuedBytes = 16 * 1024 * 1024;
const defaultBatchBytes = 512 * 1024;

/** What is seen is written this much later, milliseconds: many messages share one write. */
const gatherMs = 20;

/** After a failed write nothing is tried for this long, milliseconds. */
const retryMs = 1_000;

/** How long {@link CaptureWriter.close} waits for the disk, milliseconds. */
const closeWithinMs = 5_000;

/** Records dropped because the disk failed. */
interface Lost {
  timeUs: number;
  messages: number;
  bytes: number;
  events: number;
}

/**
 * Writes what crosses links, without holding them up: what is seen is copied into a bounded queue; cutting it into
 * frames, redacting and writing come later and in small batches. What the disk does not take is dropped and
 * counted in a gap record.
 */
export class CaptureWriter implements AsyncDisposable {
  readonly #options: CaptureWriterOptions;
  readonly #queue: CaptureQueue;
  readonly #writer = new CborWriter({ initialBytes: 64 * 1024 });
  readonly #openLinks = new Map<number, string>();
  #part = 0;
  #writing: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #lost: Lost | null = null;
  #failed = false;
  #closed = false;

  constructor(options: CaptureWriterOptions) {
    this.#options = options;
    this.#queue = new CaptureQueue(options.maxQueuedBytes ?? defaultMaxQueuedBytes);
  }

  /**
   * Makes the first file, so that a path that cannot be written is known at once.
   *
   * @throws errors of {@link CaptureFiles.begin}
   */
  async begin(): Promise<void> {
    await this.#nextPart(-1);
  }

  /** A message crossed a link. @param bytes is copied */
  message(timeUs: number, link: number, direction: CaptureDirection, bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#queue.message(timeUs, link, direction, bytes);
    this.#schedule();
  }

  event(timeUs: number, link: number, event: CaptureEvent): void {
    if (this.#closed) return;
    this.#queue.event(timeUs, link, event);
    this.#schedule();
  }

  /** Writes what waits and closes the file; gives the disk up after 5 s. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, closeWithinMs));
    await Promise.race([this.#writeOut(), late]);
    clearTimeout(timer);
    this.#options.files.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // ── private ──

  async #writeOut(): Promise<void> {
    await this.#writing;
    await this.#write();
  }

  #schedule(waitMs = gatherMs): void {
    if (this.#timer !== null || this.#writing !== null || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#writing = this.#write().finally(() => {
        this.#writing = null;
        if (!this.#queue.isEmpty || this.#failed) this.#schedule(this.#failed ? retryMs : gatherMs);
      });
    }, waitMs);
  }

  /** Writes batch after batch until nothing waits or the disk fails. Never rejects. */
  async #write(): Promise<void> {
    while (!this.#queue.isEmpty || this.#lost !== null) {
      const batch: Lost = this.#lost ?? { timeUs: -1, messages: 0, bytes: 0, events: 0 };
      try {
        await this.#writeBatch(batch);
        this.#lost = null;
        if (this.#failed) this.#options.onProblem?.(null);
        this.#failed = false;
      } catch (error) {
        this.#lost = batch;
        if (!this.#failed) {
          this.#options.onProblem?.(error instanceof Error ? error : new Error(String(error)));
        }
        this.#failed = true;
        return;
      }
    }
  }

  /** @param batch what an earlier write has cost; what this one takes from the queue is added */
  async #writeBatch(batch: Lost): Promise<void> {
    const { files, batchBytes = defaultBatchBytes } = this.#options;
    const waiting = Math.min(batchBytes, this.#queue.bytes * 2);
    if (files.needsNext(waiting)) await this.#nextPart(batch.timeUs);
    const writer = this.#writer;
    writer.reset();
    if (this.#lost !== null) encodeGapRecord(batch.timeUs, batch, writer);
    while (writer.length < batchBytes) {
      const item = this.#queue.take();
      if (item === null) break;
      count(item, batch);
      this.#encode(item);
    }
    await files.append(writer.view());
  }

  #encode(item: QueuedItem): void {
    const writer = this.#writer;
    switch (item.kind) {
      case "message":
        splitMessage(item.bytes, this.#options.policy, {
          frame: (frame) => encodeFrameRecord(item, frame, writer),
          malformed: (rest) => encodeMalformedRecord(item, rest, writer),
        });
        return;
      case "event":
        this.#note(item.link, item.event);
        encodeEventRecord(item, item.event, writer);
        return;
      case "gap":
        encodeGapRecord(item.timeUs, item, writer);
    }
  }

  #note(link: number, event: CaptureEvent): void {
    if (event.name === "opened") this.#openLinks.set(link, event.peer);
    else if (event.name === "dropped" || event.name === "lost" || event.name === "refused") {
      this.#openLinks.delete(link);
    }
  }

  async #nextPart(lastTimeUs: number): Promise<void> {
    const timeUs = Math.max(lastTimeUs, this.#queue.nextTimeUs ?? 0, 0);
    const head = new CborWriter();
    encodeHeader({ ...this.#options.header, part: this.#part + 1 }, head);
    for (const [link, peer] of this.#openLinks) {
      encodeEventRecord({ timeUs, link }, { name: "opened", peer, again: true }, head);
    }
    await this.#options.files.begin(head.view());
    this.#part++;
  }
}

function count(item: QueuedItem, batch: Lost): void {
  if (batch.timeUs === -1) batch.timeUs = item.timeUs;
  switch (item.kind) {
    case "message":
      batch.messages++;
      batch.bytes += item.bytes.length;
      return;
    case "event":
      batch.events++;
      return;
    case "gap":
      batch.messages += item.messages;
      batch.bytes += item.bytes;
      batch.events += item.events;
  }
}
