import {
  type ByteStore,
  type CapturedExchange,
  CaptureError,
  CaptureReader,
  ExchangeAssembler,
  readRecords,
} from "../lib/capture/mod.ts";
import { readHar } from "../lib/replay/mod.ts";
import { InputFile } from "./input_file.ts";
import { ReadingProgress } from "./replay_reading.ts";
import { headerLines, printable } from "./replay_text.ts";

/** A capture or HAR that exchanges are read from. */
export interface ExchangeSource {
  /** What it is, in a line or two. */
  lines: string[];
  /** Wall-clock time of its beginning, microseconds since 1970. */
  startedAtUs: number;
  /** Names of headers and query parameters whose values were overwritten; `null` when it is raw. */
  redacted: readonly string[] | null;
}

/** How the reading ended. */
export interface ReadingEnd {
  /** Where the capture is damaged; what came before is there. */
  damage: CaptureError | null;
  /** Told to stop before the end of the file. */
  interrupted: boolean;
}

/** What clients did and got, from a capture or a HAR. */
export interface ReadExchanges extends ReadingEnd {
  /** What was read, in a line or two. */
  lines: string[];
  /** In the order of their starts. */
  exchanges: CapturedExchange[];
}

export interface ReadEachOptions {
  /** Where bodies and messages go; its owner disposes it when the exchanges are done with. */
  store: ByteStore;
  signal: AbortSignal;
  /** Called before the first exchange. */
  onSource: (source: ExchangeSource) => void;
  /** Called with each exchange, in the order of their ends. */
  onExchange: (exchange: CapturedExchange) => void;
}

/**
 * Reads all exchanges of a file: a capture, or an HTTP Archive.
 *
 * @param store where bodies and messages go; its owner disposes it when the exchanges are done with
 * @throws {UsageError} when the file cannot be read
 * @throws {CaptureError} when it is neither
 * @throws {HarError} when it is a HAR that cannot be used
 */
export async function readExchanges(
  file: string,
  { store, signal }: { store: ByteStore; signal: AbortSignal },
): Promise<ReadExchanges> {
  const exchanges: CapturedExchange[] = [];
  let lines: string[] = [];
  const end = await readEachExchange(file, {
    store,
    signal,
    onSource: (source) => lines = source.lines,
    onExchange: (exchange) => exchanges.push(exchange),
  });
  exchanges.sort((a, b) => a.startedAtUs - b.startedAtUs);
  return { ...end, lines, exchanges };
}

/**
 * Reads the exchanges of a file one by one, so that they need not be held all at once.
 *
 * @throws as {@link readExchanges}
 */
export async function readEachExchange(file: string, options: ReadEachOptions): Promise<ReadingEnd> {
  using opened = await InputFile.open(file, "", options.signal);
  return isNamedHar(file) || opened.startsAsJson()
    ? await fromHar(file, opened, options)
    : await fromCapture(file, opened, options);
}

/** Whether a file's name says that it is a HAR. */
export function isNamedHar(file: string): boolean {
  return file.toLowerCase().endsWith(".har");
}

async function fromCapture(file: string, opened: InputFile, options: ReadEachOptions): Promise<ReadingEnd> {
  const { store, signal, onSource, onExchange } = options;
  const reader = new CaptureReader({ readSync: (buffer) => opened.readSync(buffer) }, opened.sizeBytes);
  const { side, startedAtUs, raw, settings } = reader.header;
  const redacted = raw ? null : (settings.redacted ?? "").split(" ").filter((name) => name !== "");
  onSource({ lines: headerLines(reader.header, file), startedAtUs, redacted });
  const assembler = new ExchangeAssembler({ side, store, done: onExchange });
  using progress = new ReadingProgress(reader.sizeBytes);
  let damage: CaptureError | null = null;
  try {
    await readRecords(reader, (record) => assembler.add(record), {
      signal,
      onProgress: (offset) => progress.update(offset),
    });
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    damage = error;
  }
  assembler.finish();
  return { damage, interrupted: signal.aborted };
}

async function fromHar(file: string, opened: InputFile, options: ReadEachOptions): Promise<ReadingEnd> {
  const { store, signal, onSource, onExchange } = options;
  using progress = new ReadingProgress(opened.sizeBytes);
  const { creator, startedAtUs, exchanges, skipped, aborted } = await readHar(opened, {
    store,
    signal,
    onProgress: (offset) => progress.update(offset),
  });
  const from = exchanges.length === 0 ? "" : `, from ${new Date(startedAtUs / 1000).toISOString()} on`;
  const by = creator === "" ? "a program that does not say its name" : printable(creator);
  const lines = [`${printable(file)}: an HTTP Archive by ${by}, ${exchanges.length} requests${from}`];
  if (skipped.length > 0) {
    const first = printable(skipped[0].url.slice(0, 60));
    lines.push(`left aside: ${skipped.length} entries that are no requests to a server, such as ${first}`);
  }
  onSource({ lines, startedAtUs, redacted: [] });
  for (const exchange of exchanges) onExchange(exchange);
  return { damage: null, interrupted: aborted };
}
