import { frameTypes, type StreamFrame } from "./frames.ts";
import { maxHeaderStrings, maxMessagesPerFrame, maxPartBytes } from "./limits.ts";
import { maxId } from "./message_id.ts";

const maxIndex = 0xffff;

/** Longest payload that zeros stand for: one view of each length is kept. */
const maxStandInBytes = 1024;
const standIns: Uint8Array[] = [];

/** Lists of `""` by length, shared: nobody may change them. Longer ones are left to the careful way. */
const maxSharedList = 128;
const emptyLists: string[][] = [];

/**
 * Reads the frames that a small HTTP exchange is made of, and WebSocket messages, where nobody wants their strings or
 * the bytes of their payload: strings are checked and read as `""`, short payloads read as zeros of their length. It
 * reads in the buffer that holds them, since making a view of a frame takes longer than reading it.
 *
 * This decides how fast a capture of small requests is checked. Whatever is unusual is left to `FrameReader`, and with
 * it every mistake, so that there is one place that says what is wrong.
 */
export class FrameSkimmer {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #end = 0;
  /** Of the sizes read last. */
  #sum = 0;

  /** @param buffer holds all the frames, its content changing */
  constructor(buffer: Uint8Array) {
    this.#bytes = buffer;
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  }

  /** The frame from `start` to `end`; `null` when `FrameReader` is to look at it. */
  frame(start: number, end: number): StreamFrame | null {
    const bytes = this.#bytes;
    // Types of streams from 32 on take a byte after their head.
    if (end - start < 8 || bytes[start + 1] !== 0x18) return null;
    const items = bytes[start] - 0x80;
    const type = bytes[start + 2];
    this.#at = start + 3;
    this.#end = end;
    const gatewayId = this.#uint(0, maxId);
    const requestId = this.#uint(0, maxId);
    const index = this.#uint(0, maxIndex);
    if (gatewayId < 0 || requestId < 0 || index < 0) return null;
    const frame = this.#rest(type, items, gatewayId, requestId, index);
    return this.#at === end ? frame : null;
  }

  // ── private ──

  #rest(
    type: number,
    items: number,
    gatewayId: number,
    requestId: number,
    index: number,
  ): StreamFrame | null {
    switch (type) {
      case frameTypes.ack: {
        const credit = this.#uint(0, Number.MAX_SAFE_INTEGER);
        return items === 5 && credit >= 0 ? { type, gatewayId, requestId, index, credit } : null;
      }
      case frameTypes.bodyChunk: {
        const bytes = this.#payload();
        if (items !== 5 || bytes === null || bytes.length === 0) return null;
        return { type, gatewayId, requestId, index, bytes };
      }
      case frameTypes.bodyEnd: {
        const cut = this.#bool();
        const stop = this.#bool();
        const trailers = this.#texts();
        if (items !== 7 || cut < 0 || stop < 0 || trailers === null) return null;
        return { type, gatewayId, requestId, index, cut: cut > 0, stop: stop > 0, trailers };
      }
      case frameTypes.requestStart: {
        const isText = this.#text() && this.#text();
        const headers = this.#texts();
        const hasBody = this.#bool();
        if (items !== 8 || !isText || headers === null || hasBody < 0) return null;
        return { type, gatewayId, requestId, index, method: "", target: "", headers, hasBody: hasBody > 0 };
      }
      case frameTypes.responseStart: {
        const status = this.#uint(0, 999);
        const isText = this.#text();
        const headers = this.#texts();
        if (items !== 7 || status < 200 || !isText || headers === null) return null;
        return { type, gatewayId, requestId, index, status, reason: "", headers };
      }
      case frameTypes.response: {
        const status = this.#uint(0, 999);
        const isText = this.#text();
        const headers = this.#texts();
        const bytes = this.#payload();
        if (items !== 8 || status < 200 || !isText || headers === null || bytes === null) return null;
        return { type, gatewayId, requestId, index, status, reason: "", headers, bytes };
      }
      case frameTypes.wsMessage: {
        const binary = this.#bool();
        const final = this.#bool();
        const bytes = this.#payload();
        if (items !== 7 || binary < 0 || final < 0 || bytes === null) return null;
        return { type, gatewayId, requestId, index, binary: binary > 0, final: final > 0, bytes };
      }
      case frameTypes.wsMessages: {
        const binary = this.#bool();
        const sizes = this.#sizes();
        const bytes = this.#payload();
        if (items !== 7 || binary < 0 || sizes === null || bytes?.length !== this.#sum) return null;
        return { type, gatewayId, requestId, index, binary: binary > 0, sizes, bytes };
      }
    }
    return null;
  }

  /** The value of an item's head; -1 when it is of another major type, too large, cut short or not the shortest. */
  #uint(major: number, max: number): number {
    const at = this.#at;
    const left = this.#end - at;
    const info = this.#bytes[at] - (major << 5);
    let value = info;
    let length = 1;
    if (info >= 24) {
      const view = this.#view;
      if (info === 24 && left >= 2) {
        value = this.#bytes[at + 1];
        length = value >= 24 ? 2 : 0;
      } else if (info === 25 && left >= 3) {
        value = view.getUint16(at + 1);
        length = value >= 0x100 ? 3 : 0;
      } else if (info === 26 && left >= 5) {
        value = view.getUint32(at + 1);
        length = value >= 0x1_0000 ? 5 : 0;
      } else if (info === 27 && left >= 9) {
        const high = view.getUint32(at + 1);
        value = high * 0x1_0000_0000 + view.getUint32(at + 5);
        length = high > 0 ? 9 : 0;
      } else {
        return -1;
      }
    }
    if (length > left || length === 0 || value < 0 || value > max) return -1;
    this.#at = at + length;
    return value;
  }

  /** Sizes of messages, and {@link #sum} of them; `null` when they are too few, too many or one is 0. */
  #sizes(): number[] | null {
    const count = this.#uint(4, maxMessagesPerFrame);
    if (count < 2) return null;
    const sizes: number[] = [];
    this.#sum = 0;
    for (let i = 0; i < count; i++) {
      const size = this.#uint(0, maxPartBytes);
      if (size <= 0) return null;
      sizes.push(size);
      this.#sum += size;
    }
    return sizes;
  }

  /** 1 or 0; -1 when it is no boolean. */
  #bool(): number {
    const value = this.#at < this.#end ? this.#bytes[this.#at++] - 0xf4 : -1;
    return value === 0 || value === 1 ? value : -1;
  }

  #payload(): Uint8Array | null {
    const length = this.#uint(2, maxPartBytes);
    const start = this.#at;
    if (length < 0 || length > this.#end - start) return null;
    this.#at = start + length;
    if (length <= maxStandInBytes) return standIns[length] ??= new Uint8Array(length);
    return this.#bytes.subarray(start, this.#at);
  }

  /** Steps over a short text; whether it is one, of ASCII alone. */
  #text(): boolean {
    const start = this.#at;
    const length = this.#uint(3, 0xffff);
    if (length < 0 || length > this.#end - this.#at) return false;
    this.#at += length;
    // A text of 128 bytes and more has a head that is none.
    return this.#isAscii(length < 0x80 ? start : this.#at - length, this.#at);
  }

  /** Steps over pairs of texts: as many `""`, or `null` when they are not all of ASCII. */
  #texts(): string[] | null {
    const count = this.#uint(4, Math.min(maxHeaderStrings, maxSharedList));
    if (count < 0 || count % 2 !== 0) return null;
    // One look tells of many: heads of texts shorter than 128 bytes are ASCII themselves.
    let unseen = this.#at;
    for (let i = 0; i < count; i++) {
      const head = this.#at;
      const length = this.#uint(3, 0xffff);
      if (length < 0 || length > this.#end - this.#at) return null;
      if (length >= 0x80) {
        if (!this.#isAscii(unseen, head)) return null;
        unseen = this.#at;
      }
      this.#at += length;
    }
    if (!this.#isAscii(unseen, this.#at)) return null;
    return emptyLists[count] ??= Object.freeze(new Array<string>(count).fill("")) as string[];
  }

  #isAscii(start: number, end: number): boolean {
    const bytes = this.#bytes;
    const view = this.#view;
    let seen = 0;
    let at = start;
    for (; at + 4 <= end; at += 4) seen |= view.getInt32(at);
    for (; at < end; at++) seen |= bytes[at];
    return (seen & 0x80808080) === 0;
  }
}
