import { Buffer } from "node:buffer";
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";

/** Largest decoded body, bytes: a small one may unfold to gigabytes. */
const maxDecodedBytes = 16 * 1024 * 1024;
const options = { maxOutputLength: maxDecodedBytes };

/**
 * A body without its content codings (RFC 9110, 8.4.1), the last applied taken off first.
 *
 * @param codings the value of `Content-Encoding`
 * @returns `null` when a coding is not known here, the bytes are not in it, or they would be more than 16 MiB
 */
export function withoutContentCoding(bytes: Uint8Array, codings: string): Uint8Array | null {
  let decoded: Uint8Array = bytes;
  for (const coding of codings.toLowerCase().split(",").map((coding) => coding.trim()).reverse()) {
    const decode = decoders.get(coding);
    if (decode === undefined) return null;
    try {
      decoded = decode(decoded);
    } catch {
      // Not in that coding, or too large: it stays as it is, which the caller says.
      return null;
    }
  }
  return decoded;
}

const decoders = new Map<string, (bytes: Uint8Array) => Uint8Array>([
  ["identity", (bytes) => bytes],
  ["", (bytes) => bytes],
  ["gzip", (bytes) => gunzipSync(bytes, options)],
  ["x-gzip", (bytes) => gunzipSync(bytes, options)],
  ["br", (bytes) => brotliDecompressSync(bytes, options)],
  ["deflate", inflate],
]);

/** Some servers send the bare stream instead of the zlib format that is asked for (RFC 9110, 8.4.1.2). */
function inflate(bytes: Uint8Array): Uint8Array {
  const isZlib = bytes.length > 1 && (bytes[0] & 0x0f) === 8 && Buffer.from(bytes).readUInt16BE(0) % 31 === 0;
  return isZlib ? inflateSync(bytes, options) : inflateRawSync(bytes, options);
}
