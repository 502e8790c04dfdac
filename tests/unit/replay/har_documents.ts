import { type ByteStore, type CapturedExchange, MemoryStore } from "../../../lib/capture/mod.ts";
import { type Har, readHar } from "../../../lib/replay/mod.ts";
import { HarWriter } from "../../../lib/replay/har/write_har.ts";
import { sourceOf } from "../capture/capture_bytes.ts";

/** When test archives begin: microseconds since 1970, not on a millisecond. */
export const zeroUs = 1_753_870_953_123_456;

/** Exchanges as a HAR's text. @param onPiece sees each piece that is written */
export function written(exchanges: CapturedExchange[], onPiece?: (piece: string) => void): string {
  let text = "";
  const writer = new HarWriter({
    write: (piece) => {
      text += piece;
      onPiece?.(piece);
    },
    creator: { name: "tunnel", version: "test" },
    startedAtUs: zeroUs,
  });
  for (const exchange of exchanges) writer.entry(exchange);
  writer.end();
  return text;
}

/** Reads a HAR. @param step bytes that the file gives at a time */
export function read(
  document: unknown,
  options: { step?: number; store?: ByteStore; signal?: AbortSignal } = {},
): Promise<Har> {
  const text = typeof document === "string" ? document : JSON.stringify(document);
  const { step, store = new MemoryStore(), signal } = options;
  return readHar(sourceOf(new TextEncoder().encode(text), step), { store, signal });
}

/** A HAR with one entry, as small as one can be, and what a test adds to it. */
export function archive(
  entry: { request?: object; response?: object; [field: string]: unknown } = {},
): { log: { entries: object[] } & Record<string, unknown> } {
  const { request, response, ...others } = entry;
  return {
    log: {
      version: "1.2",
      creator: { name: "WebInspector", version: "537.36" },
      entries: [{
        startedDateTime: "2026-07-30T10:22:33.123Z",
        request: { method: "GET", url: "https://shop.example/cart?id=7", ...request },
        response: { status: 200, statusText: "OK", ...response },
        ...others,
      }],
    },
  };
}
