import { CborWriter, encodeFrame, type Frame } from "../../../lib/protocol/mod.ts";
import {
  type CaptureDirection,
  CaptureError,
  type CaptureEvent,
  type CaptureHeader,
  CaptureReader,
  type CaptureRecord,
} from "../../../lib/capture/mod.ts";
import {
  encodeEventRecord,
  encodeFrameRecord,
  encodeGapRecord,
  encodeHeader,
} from "../../../lib/capture/encode_record.ts";

export const testHeader: CaptureHeader = {
  formatVersion: 1,
  protocolVersion: 1,
  side: "gateway",
  startedAtUs: 1_753_870_953_000_000,
  tool: "tunnel/test",
  captureId: "00112233445566778899aabbccddeeff",
  part: 1,
  raw: false,
  settings: { pingIntervalMs: "3000", pingTimeoutMs: "30000" },
};

/** Writes a capture in memory, record by record. */
export class CaptureBytes {
  readonly #writer = new CborWriter();
  /** Where each record begins, the header first. */
  readonly offsets: number[] = [];
  timeUs = 0;

  constructor(header: Partial<CaptureHeader> = {}) {
    this.header(header);
  }

  header(header: Partial<CaptureHeader>): this {
    this.#begin();
    encodeHeader({ ...testHeader, ...header }, this.#writer);
    return this;
  }

  frame(direction: CaptureDirection, frame: Frame, options: { link?: number; omit?: number } = {}): this {
    const { link = 1, omit = 0 } = options;
    const bytes = encoded(frame);
    this.#begin();
    const kept = { bytes: bytes.subarray(0, bytes.length - omit), omittedBytes: omit };
    encodeFrameRecord({ timeUs: this.timeUs, link, direction }, kept, this.#writer);
    return this;
  }

  event(event: CaptureEvent, link = 1): this {
    this.#begin();
    encodeEventRecord({ timeUs: this.timeUs, link }, event, this.#writer);
    return this;
  }

  gap(lost: { messages: number; bytes: number; events: number }): this {
    this.#begin();
    encodeGapRecord(this.timeUs, lost, this.#writer);
    return this;
  }

  bytes(): Uint8Array {
    return this.#writer.view().slice();
  }

  #begin(): void {
    this.offsets.push(this.#writer.length);
    this.timeUs += 1000;
  }
}

export function encoded(frame: Frame): Uint8Array {
  const writer = new CborWriter();
  encodeFrame(frame, writer);
  return writer.view().slice();
}

/** A source that gives `bytes`, at most `step` at a time. */
export function sourceOf(bytes: Uint8Array, step = Infinity) {
  let at = 0;
  return {
    readSync(buffer: Uint8Array): number | null {
      if (at === bytes.length) return null;
      const part = bytes.subarray(at, at + Math.min(step, buffer.length));
      buffer.set(part);
      at += part.length;
      return part.length;
    },
  };
}

/** All records up to the end or to the damage, their bytes copied. */
export function readAll(
  bytes: Uint8Array,
  step?: number,
): { records: CaptureRecord[]; damage: CaptureError | null } {
  const records: CaptureRecord[] = [];
  try {
    const reader = new CaptureReader(sourceOf(bytes, step));
    for (let record = reader.next(); record !== null; record = reader.next()) {
      records.push(
        "bytes" in record && record.bytes instanceof Uint8Array
          ? { ...record, bytes: record.bytes.slice() } as CaptureRecord
          : record,
      );
    }
    return { records, damage: null };
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return { records, damage: error };
  }
}
