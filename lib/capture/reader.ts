import { Buffer } from "node:buffer";
import { CborReader, FrameSkimmer, ProtocolError } from "../protocol/mod.ts";
import { collectedEvent } from "./collected_event.ts";
import { readRecord } from "./decode_record.ts";
import {
  CaptureError,
  type CaptureHeader,
  captureMagic,
  type CaptureRecord,
  maxRecordBytes,
  recordKinds,
} from "./format.ts";
import { FrameSlice } from "./frame_slice.ts";

/** Where a capture is read from: an open file, or anything else that reads as one does. */
export interface CaptureSource {
  /** Fills the front of `buffer`; the number of bytes, or `null` at the end. */
  readSync(buffer: Uint8Array): number | null;
}

/** Bytes held at once: some records of the largest size, whatever the size of the file. */
const bufferBytes = 2 * 1024 * 1024;

const maxUint = Number.MAX_SAFE_INTEGER;

/** Smallest value that needs a head of 1, 2, 4 or 8 bytes more (RFC 8949, 4.2.1). */
const smallestValues = [24, 0x100, 0x1_0000, 0x1_0000_0000];

/**
 * Reads a capture record by record, in constant memory.
 *
 * ```ts
 * using reader = CaptureReader.open("runner.tunnelcap");
 * for (let record = reader.next(); record !== null; record = reader.next()) {
 *   if (record.kind === "frame") console.log(record.timeUs, decodeCapturedFrame(record));
 * }
 * ```
 *
 * A long file is read in slices with {@link readRecords}, which lets signals and timers in between.
 */
export class CaptureReader implements Disposable {
  /** The file's first header. Headers of further parts come as records. */
  readonly header: CaptureHeader;
  /** Size of the file, bytes; `null` when it is not known. */
  readonly sizeBytes: number | null;
  readonly #source: CaptureSource & Partial<Disposable>;
  readonly #buffer = new Uint8Array(bufferBytes);
  readonly #skimmer = new FrameSkimmer(this.#buffer);
  #at = 0;
  #end = 0;
  /** Offset in the file of the buffer's first byte. */
  #base = 0;
  #ended = false;
  #number = 0;
  #first: CaptureRecord | null = null;

  /**
   * Opens a file and reads its header.
   *
   * @throws {CaptureError} when it is no capture, or one of a format version this code does not know
   * @throws errors of `Deno.openSync`
   */
  static open(path: string): CaptureReader {
    const file = Deno.openSync(path);
    try {
      const { isFile, size } = file.statSync();
      return new CaptureReader(file, isFile ? size : null);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * @param source is closed with this reader, if it is disposable
   * @throws {CaptureError} as {@link open}
   */
  constructor(source: CaptureSource & Partial<Disposable>, sizeBytes: number | null = null) {
    this.#source = source;
    this.sizeBytes = sizeBytes;
    this.#fill();
    if (!this.#startsAsCapture()) {
      throw new CaptureError("this is not a capture: it does not begin with a capture's header", {
        offset: 0,
        recordNumber: 0,
      });
    }
    this.#first = this.next();
    if (this.#first?.kind !== "header") throw this.#damage("a capture must begin with its header", 0);
    this.header = this.#first.header;
  }

  /** Offset in the file of the next record. */
  get offset(): number {
    return this.#base + this.#at;
  }

  /** Number of the next record. */
  get number(): number {
    return this.#number;
  }

  /**
   * The next record, the header first; `null` at the end of the file. Byte strings in it are views that the
   * following call overwrites.
   *
   * @throws {CaptureError} when the file is damaged or cut off here; it says so again when asked again
   */
  next(): CaptureRecord | null {
    const first = this.#first;
    if (first !== null) {
      this.#first = null;
      return first;
    }
    if (this.#end - this.#at < maxRecordBytes && !this.#ended) this.#fill();
    if (this.#at === this.#end) return null;
    return this.#frame() ?? this.#other();
  }

  close(): void {
    this.#source[Symbol.dispose]?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  // ── private ──

  /** Moves what is left to the front and reads on behind it. */
  #fill(): void {
    this.#buffer.copyWithin(0, this.#at, this.#end);
    this.#end -= this.#at;
    this.#base += this.#at;
    this.#at = 0;
    while (this.#end < this.#buffer.length) {
      const count = this.#source.readSync(this.#buffer.subarray(this.#end));
      if (count === null || count === 0) {
        this.#ended = true;
        return;
      }
      this.#end += count;
    }
  }

  #startsAsCapture(): boolean {
    const start = [0x80 | 10, 0x60 | captureMagic.length, ...Buffer.from(captureMagic)];
    return this.#end >= start.length && start.every((byte, i) => this.#buffer[i] === byte);
  }

  /**
   * The next record when it is a frame or the end of a stream, which nearly all are: read without a detour, since it
   * decides how fast a capture is read. `null` leaves the record to {@link #other}.
   */
  #frame(): CaptureRecord | null {
    const buffer = this.#buffer;
    const start = this.#at;
    const items = buffer[start];
    if (items !== 0x84 && items !== 0x85) return null;
    this.#at = start + 1;
    const timeUs = this.#uint(0);
    const kind = this.#uint(0);
    const link = this.#uint(0);
    if (kind === recordKinds.event && items === 0x85 && link >= 0 && timeUs >= 0) {
      const event = collectedEvent(buffer, this.#at, this.#end);
      this.#at = event?.end ?? start;
      if (event === null) return null;
      const { stream, reason } = event;
      const offset = this.#base + start;
      const number = this.#number++;
      return { kind: "event", number, offset, timeUs, link, event: { name: "collected", stream, reason } };
    }
    const length = kind <= recordKinds.received ? this.#uint(2) : -1;
    const end = this.#at + length;
    if (link < 0 || timeUs < 0 || kind < 0 || length < 0 || length > maxRecordBytes || end > this.#end) {
      this.#at = start;
      return null;
    }
    const frameAt = this.#at;
    this.#at = end;
    const omittedBytes = items === 0x85 ? this.#uint(0) : 0;
    if (omittedBytes < 0 || omittedBytes > maxRecordBytes) {
      this.#at = start;
      return null;
    }
    const record = new FrameSlice();
    record.place(buffer, this.#skimmer, frameAt, end);
    record.number = this.#number++;
    record.offset = this.#base + start;
    record.timeUs = timeUs;
    record.link = link;
    record.direction = kind === recordKinds.sent ? "sent" : "received";
    record.omittedBytes = omittedBytes;
    return record;
  }

  /** The value of an item's head, or -1 when it is of another major type, unsafe, cut short or longer than need be. */
  #uint(major: number): number {
    const buffer = this.#buffer;
    let at = this.#at;
    const first = buffer[at++];
    const info = first & 0x1f;
    if (first >> 5 !== major || info > 27) return -1;
    let value = info;
    if (info >= 24) {
      value = 0;
      for (let left = 1 << (info - 24); left > 0; left--) value = value * 256 + buffer[at++];
      if (value < smallestValues[info - 24]) return -1;
    }
    if (at > this.#end || value > maxUint) return -1;
    this.#at = at;
    return value;
  }

  #other(): CaptureRecord {
    const start = this.#at;
    const offset = this.#base + start;
    const reader = new CborReader(this.#buffer.subarray(start, Math.min(this.#end, start + maxRecordBytes)));
    let record: CaptureRecord;
    try {
      record = readRecord(reader, { number: this.#number, offset });
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      const cutShort = this.#ended && this.#end - start < maxRecordBytes &&
        / is (missing|cut short)\b/.test(cause.message);
      throw this.#damage(
        cutShort ? "the file ends in the middle of a record" : `damaged: ${cause.message}`,
        start,
        { truncated: cutShort, cause },
      );
    }
    this.#number++;
    this.#at = start + reader.offset;
    return record;
  }

  #damage(problem: string, start: number, options: { truncated?: boolean; cause?: unknown } = {}) {
    return new CaptureError(problem, {
      offset: this.#base + start,
      recordNumber: this.#number,
      ...options,
    });
  }
}
