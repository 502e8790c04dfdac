import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import zlib from "node:zlib";
import { headerValues } from "../../http1/mod.ts";

type Decoder = zlib.Gunzip | zlib.BrotliDecompress | zlib.ZstdDecompress;

const { BROTLI_OPERATION_FINISH, BROTLI_OPERATION_FLUSH, ZSTD_e_end, ZSTD_e_flush, Z_FINISH, Z_SYNC_FLUSH } =
  zlib.constants;

/** Codings that can be undone (RFC 9110, 8.4.1; RFC 7932; RFC 8878), and by what. */
const decoders: Record<string, (cut: boolean) => Decoder> = {
  gzip: (cut) => zlib.createGunzip({ finishFlush: cut ? Z_SYNC_FLUSH : Z_FINISH }),
  "x-gzip": (cut) => zlib.createGunzip({ finishFlush: cut ? Z_SYNC_FLUSH : Z_FINISH }),
  deflate: (cut) => zlib.createInflate({ finishFlush: cut ? Z_SYNC_FLUSH : Z_FINISH }),
  br: (cut) =>
    zlib.createBrotliDecompress({ finishFlush: cut ? BROTLI_OPERATION_FLUSH : BROTLI_OPERATION_FINISH }),
  zstd: (cut) => zlib.createZstdDecompress({ finishFlush: cut ? ZSTD_e_flush : ZSTD_e_end }),
};

/** A body is not in the coding that its header names. */
export class CodingError extends Error {
  override readonly name = "CodingError";
}

/** Codings of an answer's body in the order they were applied, in lower case; none for `identity`. */
export function codingsOf(headers: readonly string[]): string[] {
  return headerValues(headers, "content-encoding").join(",").toLowerCase().split(",")
    .map((coding) => coding.trim()).filter((coding) => coding !== "" && coding !== "identity");
}

/** Whether all of them can be undone. */
export function canDecode(codings: readonly string[]): boolean {
  return codings.every((coding) => Object.hasOwn(decoders, coding));
}

/**
 * Undoes the codings of a body, piece by piece.
 *
 * @param options.cut the body may end in the middle
 * @throws {CodingError} when the body is not in them
 */
export async function* decoded(
  pieces: Iterable<Uint8Array>,
  { codings, cut }: { codings: readonly string[]; cut: boolean },
): AsyncGenerator<Uint8Array> {
  if (codings.length === 0) {
    yield* pieces;
    return;
  }
  let stream: Readable = Readable.from(asBuffers(pieces));
  for (const coding of codings.toReversed()) {
    const decoder = decoders[coding](cut);
    stream.once("error", (error) => decoder.destroy(error));
    stream = stream.pipe(decoder);
  }
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CodingError(`it is not ${codings.join(", ")}: ${reason}`, { cause });
  } finally {
    stream.destroy();
  }
}

function* asBuffers(pieces: Iterable<Uint8Array>): Generator<Buffer> {
  for (const piece of pieces) {
    if (piece.length > 0) yield Buffer.from(piece.buffer as ArrayBuffer, piece.byteOffset, piece.length);
  }
}
