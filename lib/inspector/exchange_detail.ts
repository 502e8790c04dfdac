import { Buffer } from "node:buffer";
import {
  brotliDecompressSync,
  type BrotliOptions,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  type ZlibOptions,
  zstdDecompressSync,
} from "node:zlib";
import { headerValue } from "../http1/mod.ts";
import type { BodyJson, ExchangeDetail, HeaderPair } from "./api_shapes.ts";
import { exchangeSummary } from "./exchange_json.ts";
import type { ExchangeRecord } from "./exchange_record.ts";
import type { KeptBytes } from "./kept_bytes.ts";

/** A body unpacked for display may grow to this, bytes: a small one can hold gigabytes. */
const maxUnpackedBytes = 1024 * 1024;

/** Everything that is kept of an exchange. */
export function exchangeDetail(record: ExchangeRecord): ExchangeDetail {
  const { start, responseHeaders } = record;
  const isWebSocket = start.kind === "websocket" && record.status === 101;
  return {
    ...exchangeSummary(record),
    streams: [...record.streams],
    requestHeaders: pairs(start.headers),
    responseHeaders: pairs(responseHeaders),
    // Of a WebSocket the messages tell the same, one by one.
    requestBody: isWebSocket ? empty : bodyJson(record.requestBytes, start.headers),
    responseBody: isWebSocket ? empty : bodyJson(record.responseBytes, responseHeaders),
    messageList: record.messages.map(({ atMs, direction, binary, bytes }) => ({
      atMs,
      direction,
      binary,
      ...bodyJson(bytes, []),
    })),
    closes: [...record.closes],
    linkChangeList: [...record.linkChanges],
  };
}

const empty: BodyJson = { bytes: 0, keptBytes: 0, unpacked: null, text: "", base64: null };

function bodyJson(body: KeptBytes, headers: readonly string[]): BodyJson {
  const { totalBytes: bytes, keptBytes, whole } = body;
  const coding = headerValue(headers, "content-encoding")?.trim().toLowerCase() ?? "";
  const unpacked = coding === "" || keptBytes === 0 ? null : unpack(body.bytes(), { coding, whole });
  const shown = unpacked ?? body.bytes();
  const text = textOf(shown, whole);
  return {
    bytes,
    keptBytes,
    unpacked: unpacked === null ? null : coding,
    text,
    base64: text === null ? Buffer.from(shown).toString("base64") : null,
  };
}

/** The content without its coding, as far as it goes; `null` when it cannot be undone. */
function unpack(bytes: Uint8Array, { coding, whole }: { coding: string; whole: boolean }): Uint8Array | null {
  // What was kept may be cut short: the beginning is better than nothing.
  const zlib: ZlibOptions = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: maxUnpackedBytes };
  const brotli: BrotliOptions = {
    finishFlush: constants.BROTLI_OPERATION_FLUSH,
    maxOutputLength: maxUnpackedBytes,
  };
  try {
    switch (coding) {
      case "gzip":
      case "x-gzip":
        return gunzipSync(bytes, zlib);
      case "deflate":
        return inflate(bytes, zlib);
      case "br":
        return brotliDecompressSync(bytes, brotli);
      case "zstd":
        return unpackZstd(bytes, whole);
      default:
        return null;
    }
  } catch {
    // Not what its header says, or larger than anybody would read: it is shown as it came.
    return null;
  }
}

/** Of a frame that was cut whole blocks come out, of 128 KiB each: there may be none. */
function unpackZstd(bytes: Uint8Array, whole: boolean): Uint8Array | null {
  const { ZSTD_e_flush: finishFlush } = constants;
  const unpacked = zstdDecompressSync(bytes, { finishFlush, maxOutputLength: maxUnpackedBytes });
  return whole || unpacked.length > 0 ? unpacked : null;
}

/** Some servers leave out zlib's frame (RFC 9110, 8.4.1.2). Without it only what is complete can be told from noise. */
function inflate(bytes: Uint8Array, options: ZlibOptions): Uint8Array {
  try {
    return inflateSync(bytes, options);
  } catch {
    return inflateRawSync(bytes, { maxOutputLength: options.maxOutputLength });
  }
}

/** UTF-8 text without control characters, byte for byte, or `null`. A character cut off at the end is left out. */
function textOf(bytes: Uint8Array, whole: boolean): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: !whole });
    // deno-lint-ignore no-control-regex -- they are what is looked for
    return /[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

function pairs(headers: readonly string[]): HeaderPair[] {
  const list: HeaderPair[] = [];
  for (let i = 0; i < headers.length; i += 2) list.push([headers[i], headers[i + 1]]);
  return list;
}
