import { isUtf8 } from "node:buffer";

/** From this length on, the runtime's checker is worth its call. */
const minBulkBytes = 32;

/**
 * Whether a text message that comes in parts is UTF-8 (RFC 6455, 8.1), for an endpoint to ask: a character
 * may be cut between two parts. Fails at the first byte that no valid text could have, follows the decoder of
 * the WHATWG Encoding standard, and so refuses surrogates and overlong forms.
 */
export class Utf8Validator {
  #valid = true;
  /** Bytes the character under way still needs. */
  #needed = 0;
  /** Range of the next of them. */
  #lowest = 0x80;
  #highest = 0xbf;

  /** Takes the next part; false when the message is not UTF-8, and false for the rest of it. */
  push(bytes: Uint8Array): boolean {
    let at = 0;
    while (this.#valid && this.#needed > 0 && at < bytes.length) this.#take(bytes[at++]);
    if (this.#valid && bytes.length - at >= minBulkBytes) {
      const end = lastCharacterStart(bytes);
      this.#valid = isUtf8(bytes.subarray(at, end));
      at = end;
    }
    while (this.#valid && at < bytes.length) this.#take(bytes[at++]);
    return this.#valid;
  }

  /** Ends the message: true when all of it was UTF-8, no character cut short. Ready for the next one. */
  finish(): boolean {
    const valid = this.#valid && this.#needed === 0;
    this.#valid = true;
    this.#needed = 0;
    this.#lowest = 0x80;
    this.#highest = 0xbf;
    return valid;
  }

  #take(byte: number): void {
    if (this.#needed > 0) {
      this.#valid = byte >= this.#lowest && byte <= this.#highest;
      this.#needed--;
      this.#lowest = 0x80;
      this.#highest = 0xbf;
    } else if (byte >= 0x80) {
      this.#begin(byte);
    }
  }

  /** The first byte of a longer character says how many follow, and bounds the second one (RFC 3629, 4). */
  #begin(byte: number): void {
    if (byte < 0xc2 || byte > 0xf4) {
      this.#valid = false;
      return;
    }
    this.#needed = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte === 0xe0) this.#lowest = 0xa0;
    else if (byte === 0xed) this.#highest = 0x9f;
    else if (byte === 0xf0) this.#lowest = 0x90;
    else if (byte === 0xf4) this.#highest = 0x8f;
  }
}

/**
 * Where the last character begins when it may be cut short, else the end: a character without its end is at
 * most three bytes.
 */
function lastCharacterStart(bytes: Uint8Array): number {
  const end = bytes.length;
  for (let at = end - 1; at >= end - 3; at--) {
    if (bytes[at] < 0x80) return at + 1;
    if (bytes[at] >= 0xc0) return at;
  }
  return end;
}
