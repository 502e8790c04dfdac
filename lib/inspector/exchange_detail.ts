import { Buffer } from "node:buffer";
import { codingsOf, decodedWhole } from "../codings/mod.ts";
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
  const codings = codingsOf(headers);
  const unpacked = codings.length === 0 || keptBytes === 0 ? null : unpack(body.bytes(), { codings, whole });
  const shown = unpacked ?? body.bytes();
  const text = textOf(shown, whole);
  return {
    bytes,
    keptBytes,
    unpacked: unpacked === null ? null : codings.join(", "),
    text,
    base64: text === null ? Buffer.from(shown).toString("base64") : null,
  };
}

/** The content without its codings, as far as it goes; `null` when they cannot be undone. */
function unpack(
  bytes: Uint8Array,
  { codings, whole }: { codings: string[]; whole: boolean },
): Uint8Array | null {
  // What came, or what was kept of it, may be cut short: the beginning is better than nothing.
  const unpacked = decodedWhole(bytes, codings, { maxBytes: maxUnpackedBytes, cut: true });
  // Of what is cut there may be no block that came whole.
  return unpacked?.length === 0 && !whole ? null : unpacked;
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
