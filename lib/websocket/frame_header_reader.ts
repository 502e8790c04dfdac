import { WebSocketError } from "./errors.ts";
import { maxControlBytes, maxFrameHeaderBytes, opcodes } from "./frame_encoder.ts";
import { type MaskKey, readMaskKey } from "./mask.ts";

const maskKeyBytes = 4;

/**
 * Reads frame headers (RFC 6455, 5.2) from bytes cut anywhere, and refuses those that no frame may have,
 * whatever came before. Its fields are the last whole header's; one reader serves all frames of a direction,
 * so that a frame costs no object.
 */
export class FrameHeaderReader {
  /** One of {@link opcodes}. */
  opcode: number = opcodes.continuation;
  /** True on a message's last or only frame, and on every control frame. */
  final = false;
  /** Length of the payload, bytes, 0 to 2^53 - 1. */
  payloadBytes = 0;
  /** Without meaning when frames are not masked. */
  maskKey: MaskKey = 0;

  readonly #masked: boolean;
  /** A header that came in pieces. */
  readonly #pieces = new Uint8Array(maxFrameHeaderBytes);
  #gathered = 0;

  /** @param masked whether every frame must be masked, or none may be (RFC 6455, 5.1) */
  constructor(masked: boolean) {
    this.#masked = masked;
  }

  /** True when the beginning of a header is here and its end is not. */
  get halfRead(): boolean {
    return this.#gathered > 0;
  }

  /**
   * Reads from `at` on, up to the end of the header or of `bytes`.
   *
   * @returns the offset after what was read; the header is whole unless {@link halfRead}
   * @throws {WebSocketError} 1002 on a header that no frame may have
   */
  read(bytes: Uint8Array, at: number): number {
    if (this.#gathered === 0 && bytes.length - at >= maxFrameHeaderBytes) {
      this.#decode(bytes, at);
      return at + headerBytes(bytes[at + 1]);
    }
    const pieces = this.#pieces;
    while (at < bytes.length) {
      pieces[this.#gathered++] = bytes[at++];
      if (this.#gathered >= 2 && this.#gathered === headerBytes(pieces[1])) {
        this.#gathered = 0;
        this.#decode(pieces, 0);
        break;
      }
    }
    return at;
  }

  #decode(header: Uint8Array, at: number): void {
    const flags = header[at];
    const masked = header[at + 1] >= 0x80;
    if ((flags & 0x70) !== 0) throw violation("a reserved bit is set, but no extension was negotiated");
    if (masked !== this.#masked) {
      throw violation(masked ? "a server's frame is masked" : "a client's frame is not masked");
    }
    this.opcode = flags & 0x0f;
    this.final = flags >= 0x80;
    this.payloadBytes = readLength(header, at + 1);
    this.#checkKind();
    if (masked) this.maskKey = readMaskKey(header, at + headerBytes(header[at + 1]) - maskKeyBytes);
  }

  #checkKind(): void {
    const { opcode, payloadBytes } = this;
    if (opcode <= opcodes.binary) return;
    if (opcode < opcodes.close || opcode > opcodes.pong) throw violation(`opcode ${opcode} is not defined`);
    if (!this.final) throw violation("a control frame is fragmented");
    if (payloadBytes > maxControlBytes) {
      throw violation(`a control frame is ${payloadBytes} bytes, at most ${maxControlBytes} are allowed`);
    }
  }
}

/** Length of a header, by its second byte. */
function headerBytes(second: number): number {
  const length = second & 0x7f;
  const lengthBytes = length <= 125 ? 0 : length === 126 ? 2 : 8;
  return 2 + lengthBytes + (second >= 0x80 ? 4 : 0);
}

/** The payload length that begins at `at`; the shortest encoding is the only one allowed. */
function readLength(header: Uint8Array, at: number): number {
  const short = header[at] & 0x7f;
  if (short <= 125) return short;
  if (short === 126) {
    const length = header[at + 1] << 8 | header[at + 2];
    if (length <= 125) throw violation(`length ${length} is encoded in 2 bytes`);
    return length;
  }
  const high = readUint32(header, at + 1);
  if (high >= 0x80000000) throw violation("the top bit of a 64-bit length is set");
  const length = high * 2 ** 32 + readUint32(header, at + 5);
  if (length > Number.MAX_SAFE_INTEGER) throw violation(`length ${length} is above 2^53 - 1`);
  if (length <= 0xffff) throw violation(`length ${length} is encoded in 8 bytes`);
  return length;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;
}

function violation(problem: string): WebSocketError {
  return new WebSocketError(1002, problem);
}
