import type { ByteStore, CapturedExchange, CaptureSource } from "../../capture/mod.ts";
import { EntryScanner } from "./entry_scanner.ts";
import { HarError } from "./har_error.ts";
import { HarValue } from "./har_value.ts";
import { readEntry } from "./read_entry.ts";

export interface ReadHarOptions {
  /** Where bodies and messages go; its owner disposes it. */
  store: ByteStore;
  /** Ends the reading between two pieces of the file. */
  signal?: AbortSignal;
  /** Told now and then how far the file is read, bytes. */
  onProgress?: (offset: number) => void;
}

/** What a HAR holds. */
export interface Har {
  /** Program and version that wrote it: `WebInspector 537.36`. */
  creator: string;
  /** Wall clock when the first request began, microseconds since 1970: where the exchanges' times are 0. */
  startedAtUs: number;
  /** In the order of their starts. */
  exchanges: CapturedExchange[];
  /** Entries that are no requests to a server: `data:`, `blob:` and the like. */
  skipped: { entry: number; url: string }[];
  /** The signal ended the reading: what came behind it is missing. */
  aborted: boolean;
}

const pieceBytes = 256 * 1024;
/** Time between two turns of the event loop, milliseconds. */
const sliceMs = 50;

/**
 * Reads an HTTP Archive (HAR 1.2), entry by entry: memory holds heads, and one entry at a time. It takes what browsers
 * and proxies write: parts that are optional may be missing, content may be decoded while its headers say otherwise,
 * HTTP/2 may show in headers, WebSocket messages are looked for where Chrome puts them.
 *
 * @param source is read to its end, and closed by its owner
 * @throws {HarError} when it is no HAR, or something in it is of the wrong kind: the error names its place
 */
export async function readHar(source: CaptureSource, options: ReadHarOptions): Promise<Har> {
  const { store, signal, onProgress } = options;
  const har: Har = { creator: "", startedAtUs: 0, exchanges: [], skipped: [], aborted: false };
  const scanner = new EntryScanner((json, index) => {
    const path = `log.entries[${index}]`;
    const entry = new HarValue(path, parse(json, path));
    const exchange = readEntry(entry, index + 1, store);
    if (exchange !== null) har.exchanges.push(exchange);
    else har.skipped.push({ entry: index, url: entry.field("request").field("url").text() });
  });
  const buffer = new Uint8Array(pieceBytes);
  let offset = 0;
  let sliceEnd = performance.now() + sliceMs;
  while (!signal?.aborted) {
    const count = source.readSync(buffer);
    if (count === null || count === 0) break;
    scanner.push(buffer.subarray(0, count));
    offset += count;
    if (performance.now() < sliceEnd) continue;
    onProgress?.(offset);
    await new Promise((resolve) => setTimeout(resolve, 0));
    sliceEnd = performance.now() + sliceMs;
  }
  har.aborted = signal?.aborted ?? false;
  if (!har.aborted) har.creator = creatorOf(scanner.finish());
  har.exchanges.sort((a, b) => a.startedAtUs - b.startedAtUs);
  har.startedAtUs = har.exchanges[0]?.startedAtUs ?? 0;
  for (const exchange of har.exchanges) shift(exchange, -har.startedAtUs);
  return har;
}

/** Checks what is around the entries. */
function creatorOf(json: string): string {
  const log = new HarValue("log", new Map(Object.entries(parse(json, "") ?? {})).get("log"));
  log.object().field("entries").items();
  if (log.field("entries").isMissing) throw log.field("entries").wrong("a list");
  const creator = log.field("creator");
  return `${creator.field("name").text("")} ${creator.field("version").text("")}`.trim();
}

function parse(json: string, path: string) {
  try {
    return JSON.parse(json);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new HarError(path, `is not JSON: ${problem}`, { cause });
  }
}

/** Moves all times of an exchange. */
function shift(exchange: CapturedExchange, us: number): void {
  exchange.startedAtUs += us;
  exchange.endedAtUs += us;
  const { answer, body, messages, closes, reset } = exchange;
  for (const { parts } of [body, ...(answer === null ? [] : [answer.body])]) {
    for (const part of parts) part.timeUs += us;
  }
  if (body.endedAtUs !== null) body.endedAtUs += us;
  if (answer !== null) {
    answer.timeUs += us;
    if (answer.body.endedAtUs !== null) answer.body.endedAtUs += us;
  }
  for (const message of messages) {
    message.timeUs += us;
    message.endedAtUs += us;
  }
  for (const close of closes) close.timeUs += us;
  if (reset !== null) reset.timeUs += us;
}
