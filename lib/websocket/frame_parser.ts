import { decodeCloseBody } from "./close_body.ts";
import { WebSocketError } from "./errors.ts";
import { maxControlBytes, opcodes } from "./frame_encoder.ts";
import { FrameHeaderReader } from "./frame_header_reader.ts";
import { copyMasked, maskInPlace, readMaskKey } from "./mask.ts";
import { freshBuffers, type LargePartBuffers, maxKeptPartBytes, noBytes, smallPart } from "./part_buffers.ts";

const defaultMaxPartBytes = 64 * 1024;
const defaultMaxMessageBytes = 16 * 1024 * 1024;

/** Most messages that are handed out together. */
export const maxMessagesAtOnce = 1024;

/** Takes what a {@link FrameParser} reads, in the order it came, during `push`. */
export interface FrameSink {
  /**
   * Part of a data message. `binary` is the message's kind, `final` is true on its last part. Text is handed
   * out as it came: whether it is UTF-8 is for an endpoint to say, not for a hop.
   *
   * `bytes` of up to 1 KiB are the receiver's to keep or change, unless {@link FrameParserOptions.keepsSmallParts} is false. They are
   * neighbours in one `ArrayBuffer` of 4 KiB: use the view, not its `buffer`. Larger ones are valid during the call alone.
   */
  part(binary: boolean, bytes: Uint8Array, final: boolean): void;
  /**
   * Whole messages of one kind that came together, where one {@link part} each would be called otherwise: two to
   * {@link maxMessagesAtOnce}, each of 1 byte to 1 KiB, in all of `maxPartBytes` at most. `bytes` has them one behind the other, and is
   * as a part of that length is.
   */
  messages?(binary: boolean, sizes: number[], bytes: Uint8Array): void;
  /** A ping's payload, 0 to 125 bytes, to be kept or not as in {@link part}. */
  ping(bytes: Uint8Array): void;
  /** A pong's payload, 0 to 125 bytes, to be kept or not as in {@link part}. */
  pong(bytes: Uint8Array): void;
  /** `code` is null when the close frame had no body (1005 as seen by an application). */
  close(code: number | null, reason: string): void;
}

/** Which side of a connection is read, and how much of it at a time. */
export interface FrameParserOptions {
  /** True on a server: frames must be masked; false on a client: they must not be (RFC 6455, 5.1). */
  expectMasked: boolean;
  /**
   * Largest part handed out, bytes, at least 125.
   * @default 65536
   */
  maxPartBytes?: number;
  /**
   * Largest whole message, bytes, all fragments together; a larger one is a {@link WebSocketError} with 1009
   * as soon as a frame's header announces it.
   * @default 16777216
   */
  maxMessageBytes?: number;
  /** Buffers of the parts above 1 KiB. @default a new one for each */
  buffers?: LargePartBuffers;
  /**
   * Whether the receiver keeps small parts. If not, they are valid during the call alone, as larger ones are, and need not be copied
   * from where they were read. @default true
   */
  keepsSmallParts?: boolean;
}

/** Whether a frame that begins with this byte is a text or binary message of its own. */
function isWholeMessage(flags: number): boolean {
  return flags === (0x80 | opcodes.text) || flags === (0x80 | opcodes.binary);
}

/**
 * Reads the frames of one direction of a WebSocket (RFC 6455, 5) from bytes cut anywhere. It holds one header
 * and at most one part of one data frame or one control frame.
 *
 * A frame of at most `maxPartBytes` is handed out as one part, once it is complete. A longer one is handed
 * out in parts of exactly `maxPartBytes`, the last one shorter. A message's fragments stay fragments, but for
 * empty ones, which are left out unless they end the message. After a close frame everything is ignored.
 */
export class FrameParser {
  readonly #sink: FrameSink;
  readonly #expectMasked: boolean;
  readonly #maxPartBytes: number;
  readonly #maxMessageBytes: number;
  /** What is not longer is handed out as one part. */
  readonly #longestWhole: number;
  readonly #largeBuffers: LargePartBuffers;
  /** Parts up to this size are the receiver's to keep. */
  readonly #keptPartBytes: number;

  /** Whether the sink is told of messages that came together by {@link FrameSink.messages}. */
  together: boolean;
  /** Of the message that {@link #wholeSize} has looked at. */
  #headBytes = 0;

  readonly #header: FrameHeaderReader;
  #phase: "header" | "payload" | "closed" = "header";
  #failure: { cause: unknown } | null = null;

  /** The data message under way, from its first header to its last byte. */
  #message: "none" | "text" | "binary" = "none";
  /** Payload announced by the headers of the message under way. */
  #messageBytes = 0;

  /** Payload of the frame under way that is not yet handed out, bytes. */
  #frameBytes = 0;
  /** Offset in the payload of what is handed out next, modulo 4. */
  #keyPhase = 0;

  /** The part under way, still masked; null unless some of it is here and some is not. */
  #part: Uint8Array | null = null;
  #partFilled = 0;

  /** @throws {RangeError} when `maxPartBytes` or `maxMessageBytes` is not a whole number in its range */
  constructor(options: FrameParserOptions, sink: FrameSink) {
    const { maxPartBytes = defaultMaxPartBytes, maxMessageBytes = defaultMaxMessageBytes } = options;
    if (!Number.isSafeInteger(maxPartBytes) || maxPartBytes < maxControlBytes) {
      throw new RangeError(`maxPartBytes is ${maxPartBytes}, at least ${maxControlBytes} is expected`);
    }
    if (!Number.isSafeInteger(maxMessageBytes) || maxMessageBytes < 0) {
      throw new RangeError(`maxMessageBytes is ${maxMessageBytes}, a whole number is expected`);
    }
    this.#sink = sink;
    this.together = sink.messages !== undefined;
    this.#expectMasked = options.expectMasked;
    this.#header = new FrameHeaderReader(options.expectMasked);
    this.#maxPartBytes = maxPartBytes;
    this.#largeBuffers = options.buffers ?? freshBuffers;
    this.#keptPartBytes = options.keepsSmallParts ?? true ? maxKeptPartBytes : 0;
    this.#maxMessageBytes = maxMessageBytes;
    this.#longestWhole = Math.min(maxMessageBytes, maxPartBytes);
  }

  /** True when nothing of a frame or message is half-read. */
  get idle(): boolean {
    return this.#phase !== "payload" && !this.#header.halfRead && this.#message === "none";
  }

  /**
   * Reads all of `bytes` and calls the sink for what they complete. `bytes` is the parser's to change during the call: a
   * part that is not to be kept and lies whole in it is unmasked there and handed out as a view. No view of it is kept, so that
   * the caller may re-use its read buffer.
   *
   * Not to be called from within the sink.
   *
   * @throws {WebSocketError} on a violation: 1002, 1007 (a close reason that is not UTF-8) or 1009. After
   * that, or after an error thrown by the sink, each further call throws the same error again.
   */
  push(bytes: Uint8Array): void {
    if (this.#failure !== null) throw this.#failure.cause;
    try {
      this.#read(bytes);
    } catch (cause) {
      this.#failure = { cause };
      throw cause;
    }
  }

  #read(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      switch (this.#phase) {
        case "header": {
          const end = this.#readWhole(bytes, at);
          at = end > at ? end : this.#readHeader(bytes, at);
          break;
        }
        case "payload":
          at = this.#readPayload(bytes, at);
          break;
        case "closed":
          return;
        default:
          this.#phase satisfies never;
      }
    }
  }

  /**
   * Messages of one frame each that lie whole in what was read are nearly all there are, and need none of the state that
   * others do.
   *
   * @returns the offset after one such message, or several together; `at` when {@link #readHeader} is to look at what is there
   */
  #readWhole(bytes: Uint8Array, at: number): number {
    const kind = bytes[at];
    if (this.#message !== "none" || this.#header.halfRead || !isWholeMessage(kind)) return at;
    const size = this.#wholeSize(bytes, at, this.#longestWhole);
    if (size === 0) return at;
    const end = at + this.#headBytes + size;
    // Most often it is alone.
    if (this.together && bytes[end] === kind) {
      const endOfAll = this.#readTogether(bytes, at);
      if (endOfAll > at) return endOfAll;
    }
    const from = end - size;
    const key = this.#expectMasked ? readMaskKey(bytes, from - 4) : 0;
    this.#sink.part(kind === (0x80 | opcodes.binary), this.#unmasked(bytes, from, end, key), true);
    return end;
  }

  /** @returns the offset after two messages or more; `at` when there are not as many */
  #readTogether(bytes: Uint8Array, at: number): number {
    const kind = bytes[at];
    const longest = Math.min(this.#longestWhole, maxKeptPartBytes);
    const sizes: number[] = [];
    let total = 0;
    let end = at;
    while (bytes[end] === kind && sizes.length < maxMessagesAtOnce) {
      const size = this.#wholeSize(bytes, end, Math.min(longest, this.#maxPartBytes - total));
      if (size === 0) break;
      sizes.push(size);
      total += size;
      end += this.#headBytes + size;
    }
    if (sizes.length < 2) return at;
    this.#handOutMessages(bytes, at, sizes, total);
    return end;
  }

  /**
   * Length of the frame's payload at `at`, when all of it is there, its head is sound, and it is 1 byte to `longest`; else 0.
   * {@link #headBytes} is that of its head.
   */
  #wholeSize(bytes: Uint8Array, at: number, longest: number): number {
    const second = bytes[at + 1];
    let size = this.#expectMasked ? second - 0x80 : second;
    let head = this.#expectMasked ? 6 : 2;
    if (size === 126) {
      size = bytes[at + 2] << 8 | bytes[at + 3];
      // Not the shortest form.
      if (size < 126) return 0;
      head += 2;
    } else if (!(size > 0 && size < 126)) {
      return 0;
    }
    if (size > longest || at + head + size > bytes.length) return 0;
    this.#headBytes = head;
    return size;
  }

  /** The payloads are moved together: to a place of their own when there are few, else to the front of where they lie. */
  #handOutMessages(bytes: Uint8Array, at: number, sizes: number[], total: number): void {
    const isSmall = total <= maxKeptPartBytes;
    const joined = isSmall ? smallPart(total) : bytes;
    const start = isSmall ? 0 : at;
    const binary = (bytes[at] & 0x0f) === opcodes.binary;
    let to = start;
    for (let i = 0; i < sizes.length; i++) {
      const size = sizes[i];
      at += size < 126 ? 2 : 4;
      let key = 0;
      if (this.#expectMasked) {
        key = readMaskKey(bytes, at);
        at += 4;
      }
      copyMasked(bytes, at, at + size, joined, to, key, 0);
      at += size;
      to += size;
    }
    this.#sink.messages!(binary, sizes, isSmall ? joined : joined.subarray(start, to));
  }

  #readHeader(bytes: Uint8Array, at: number): number {
    at = this.#header.read(bytes, at);
    if (this.#header.halfRead) return at;
    if (this.#header.opcode < opcodes.close) this.#takeInMessage();
    this.#phase = "payload";
    this.#keyPhase = 0;
    this.#frameBytes = this.#header.payloadBytes;
    if (this.#frameBytes === 0) this.#handOut(noBytes);
    return at;
  }

  /** Finds the data frame's place: it begins the message, or continues the one under way. */
  #takeInMessage(): void {
    const { opcode, payloadBytes } = this.#header;
    if (opcode === opcodes.continuation) {
      if (this.#message === "none") {
        throw new WebSocketError(1002, "a continuation has no message to continue");
      }
    } else {
      if (this.#message !== "none") throw new WebSocketError(1002, "a message begins inside another");
      this.#message = opcode === opcodes.text ? "text" : "binary";
      this.#messageBytes = 0;
    }
    if (payloadBytes > this.#maxMessageBytes - this.#messageBytes) {
      const bytes = this.#messageBytes + payloadBytes;
      throw new WebSocketError(
        1009,
        `a message is ${bytes} bytes, at most ${this.#maxMessageBytes} are accepted`,
      );
    }
    this.#messageBytes += payloadBytes;
  }

  #readPayload(bytes: Uint8Array, at: number): number {
    const available = bytes.length - at;
    let part = this.#part;
    if (part === null) {
      const partBytes = Math.min(this.#frameBytes, this.#maxPartBytes);
      if (available >= partBytes) return this.#readWholePart(bytes, at, partBytes);
      part = this.#part = partBytes > maxKeptPartBytes
        ? this.#largeBuffers.take(partBytes)
        : smallPart(partBytes);
      this.#partFilled = 0;
    }
    const count = Math.min(available, part.length - this.#partFilled);
    part.set(bytes.subarray(at, at + count), this.#partFilled);
    this.#partFilled += count;
    if (this.#partFilled === part.length) {
      this.#part = null;
      if (this.#expectMasked) maskInPlace(part, 0, part.length, this.#header.maskKey, this.#keyPhase);
      this.#handOut(part);
      if (part.length > maxKeptPartBytes) this.#largeBuffers.giveBack(part);
    }
    return at + count;
  }

  #readWholePart(bytes: Uint8Array, at: number, partBytes: number): number {
    const end = at + partBytes;
    const key = this.#expectMasked ? this.#header.maskKey : 0;
    this.#handOut(this.#unmasked(bytes, at, end, key, this.#keyPhase));
    return end;
  }

  /** A part that lies whole in what was read: there, where it is not needed any more once it was handed out, or a copy. */
  #unmasked(bytes: Uint8Array, from: number, to: number, key: number, keyPhase = 0): Uint8Array {
    if (to - from > this.#keptPartBytes) {
      if (this.#expectMasked) maskInPlace(bytes, from, to, key, keyPhase);
      return bytes.subarray(from, to);
    }
    const part = smallPart(to - from);
    // A key of zeros changes nothing: what is not masked is copied without a view of its own.
    copyMasked(bytes, from, to, part, 0, key, keyPhase);
    return part;
  }

  /** Passes on the next unmasked bytes of the frame, and leaves the frame when they are its last. */
  #handOut(bytes: Uint8Array): void {
    this.#frameBytes -= bytes.length;
    this.#keyPhase = (this.#keyPhase + bytes.length) & 3;
    const frameEnds = this.#frameBytes === 0;
    if (frameEnds) this.#phase = "header";
    switch (this.#header.opcode) {
      case opcodes.ping:
        return this.#sink.ping(bytes);
      case opcodes.pong:
        return this.#sink.pong(bytes);
      case opcodes.close: {
        const { code, reason } = decodeCloseBody(bytes);
        this.#phase = "closed";
        return this.#sink.close(code, reason);
      }
    }
    const binary = this.#message === "binary";
    const final = frameEnds && this.#header.final;
    if (final) this.#message = "none";
    if (final || bytes.length > 0) this.#sink.part(binary, bytes, final);
  }
}
