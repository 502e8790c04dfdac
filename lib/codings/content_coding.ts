import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import zlib from "node:zlib";
import { headerValues } from "../http1/mod.ts";

type Decoder = zlib.Gunzip | zlib.InflateRaw | zlib.BrotliDecompress | zlib.ZstdDecompress;

const { BROTLI_OPERATION_FINISH, BROTLI_OPERATION_FLUSH, ZSTD_e_end, ZSTD_e_flush, Z_FINISH, Z_SYNC_FLUSH } =
  zlib.constants;

/** How one is undone. */
interface Options {
  /** How the end is taken: as the end, or as the last that is there of what may go on. */
  finishFlush: number;
  /** Largest result, bytes: a small body may unfold to gigabytes. @default no bound */
  maxOutputLength?: number;
}

/** Undoes one coding: of bytes that are all there, or piece by piece. */
interface Coding {
  /** Values of {@link Options.finishFlush}. */
  flush: { atEnd: number; whenCut: number };
  whole: (bytes: Uint8Array, options: Options) => Uint8Array;
  stream: (options: Options) => Decoder;
}

const zlibFlush = { atEnd: Z_FINISH, whenCut: Z_SYNC_FLUSH };
const gzip: Coding = { flush: zlibFlush, whole: zlib.gunzipSync, stream: zlib.createGunzip };
const zlibFormat: Coding = { flush: zlibFlush, whole: zlib.inflateSync, stream: zlib.createInflate };
const bareDeflate: Coding = {
  flush: zlibFlush,
  // Without the format around it, only what is complete can be told from noise.
  whole: (bytes, { maxOutputLength }) => zlib.inflateRawSync(bytes, { maxOutputLength }),
  stream: zlib.createInflateRaw,
};
const brotli: Coding = {
  flush: { atEnd: BROTLI_OPERATION_FINISH, whenCut: BROTLI_OPERATION_FLUSH },
  whole: zlib.brotliDecompressSync,
  stream: zlib.createBrotliDecompress,
};
const zstd: Coding = {
  flush: { atEnd: ZSTD_e_end, whenCut: ZSTD_e_flush },
  whole: zlib.zstdDecompressSync,
  stream: zlib.createZstdDecompress,
};

/** Codings that can be undone (RFC 9110, 8.4.1; RFC 7932; RFC 8878), and by what, given their first bytes. */
const codingsByName: Record<string, (start: Uint8Array) => Coding> = {
  gzip: () => gzip,
  "x-gzip": () => gzip,
  // Some servers send the bare stream instead of the zlib format that is asked for.
  deflate: (start) => isZlib(start) ? zlibFormat : bareDeflate,
  br: () => brotli,
  zstd: () => zstd,
};

/** RFC 1950, 2.2. What is too short to tell is in the format that it should be in. */
function isZlib(start: Uint8Array): boolean {
  return start.length < 2 || (start[0] & 0x0f) === 8 && (start[0] * 256 + start[1]) % 31 === 0;
}

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
  return codings.every((coding) => Object.hasOwn(codingsByName, coding));
}

/**
 * Undoes the codings of a body that is all there.
 *
 * @param options.maxBytes largest result: a small body may unfold to gigabytes
 * @param options.cut the body may end in the middle: it is undone as far as it goes
 * @returns `null` when a coding is not known here, the bytes are not in it, or there would be too many
 */
export function decodedWhole(
  bytes: Uint8Array,
  codings: readonly string[],
  { maxBytes: maxOutputLength, cut }: { maxBytes: number; cut: boolean },
): Uint8Array | null {
  if (!canDecode(codings)) return null;
  try {
    return codings.reduceRight((coded, name) => {
      const coding = codingsByName[name](coded);
      return coding.whole(coded, { finishFlush: finishFlush(coding, cut), maxOutputLength });
    }, bytes);
  } catch {
    // Not in that coding, or too large: it stays as it is, which the caller says.
    return null;
  }
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
  const { start, all } = startOf(pieces);
  let stream: Readable = Readable.from(asBuffers(all));
  for (const [i, coding] of codings.toReversed().entries()) {
    // What is in a second coding is taken to be in the right format.
    const undo = codingsByName[coding](i === 0 ? start : new Uint8Array(0));
    const decoder = undo.stream({ finishFlush: finishFlush(undo, cut) });
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

/** The first two bytes, for which pieces are taken that stand before `all` again. */
function startOf(pieces: Iterable<Uint8Array>): { start: Uint8Array; all: Iterable<Uint8Array> } {
  const rest = pieces[Symbol.iterator]();
  let first: Uint8Array = new Uint8Array(0);
  for (let next = rest.next(); first.length < 2 && next.done !== true; next = rest.next()) {
    first = Buffer.concat([first, next.value]);
    if (first.length >= 2) break;
  }
  const all = function* () {
    yield first;
    for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value;
  };
  return { start: first.subarray(0, 2), all: all() };
}

function* asBuffers(pieces: Iterable<Uint8Array>): Generator<Buffer> {
  for (const piece of pieces) {
    if (piece.length > 0) yield Buffer.from(piece.buffer as ArrayBuffer, piece.byteOffset, piece.length);
  }
}

function finishFlush({ flush }: Coding, cut: boolean): number {
  return cut ? flush.whenCut : flush.atEnd;
}
