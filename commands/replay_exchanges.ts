import {
  type ByteStore,
  type CapturedExchange,
  CaptureError,
  ExchangeAssembler,
  readRecords,
} from "../lib/capture/mod.ts";
import { readHar } from "../lib/replay/mod.ts";
import { UsageError } from "./errors.ts";
import { fileProblem } from "./files.ts";
import { openCapture, ReadingProgress } from "./replay_reading.ts";
import { headerLines, printable } from "./replay_text.ts";

/** What clients did and got, from a capture or a HAR. */
export interface ReadExchanges {
  /** What was read, in a line or two. */
  lines: string[];
  /** In the order of their starts. */
  exchanges: CapturedExchange[];
  /** Where the capture is damaged; what came before is there. */
  damage: CaptureError | null;
  /** Told to stop before the end of the file. */
  interrupted: boolean;
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
  return isHar(file) ? await fromHar(file, { store, signal }) : await fromCapture(file, { store, signal });
}

/** Whether a file's name says that it is a HAR. */
export function isNamedHar(file: string): boolean {
  return file.toLowerCase().endsWith(".har");
}

/** Whether it is one by its name, or because it begins as JSON does. */
function isHar(file: string): boolean {
  if (isNamedHar(file)) return true;
  using opened = openFile(file);
  const start = new Uint8Array(64);
  const count = opened.readSync(start) ?? 0;
  return new TextDecoder().decode(start.subarray(0, count)).trimStart().startsWith("{");
}

async function fromCapture(
  file: string,
  { store, signal }: { store: ByteStore; signal: AbortSignal },
): Promise<ReadExchanges> {
  using reader = openCapture(file);
  const exchanges: CapturedExchange[] = [];
  const assembler = new ExchangeAssembler({
    side: reader.header.side,
    store,
    done: (exchange) => exchanges.push(exchange),
  });
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
  exchanges.sort((a, b) => a.startedAtUs - b.startedAtUs);
  return { lines: headerLines(reader.header, file), exchanges, damage, interrupted: signal.aborted };
}

async function fromHar(
  file: string,
  { store, signal }: { store: ByteStore; signal: AbortSignal },
): Promise<ReadExchanges> {
  using opened = openFile(file);
  using progress = new ReadingProgress(opened.statSync().size);
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
  return { lines, exchanges, damage: null, interrupted: aborted };
}

/** @throws {UsageError} when there is no such file, or it cannot be read */
function openFile(file: string): Deno.FsFile {
  try {
    return Deno.openSync(file);
  } catch (cause) {
    throw new UsageError(`cannot read ${file}: ${fileProblem(cause)}`, { cause });
  }
}
