import { fstatSync } from "node:fs";
import { CaptureError, type CaptureReader, readRecords } from "../lib/capture/mod.ts";
import { HarExport } from "../lib/replay/mod.ts";
import { exitCodes, UsageError, WorkError } from "./errors.ts";
import { fileProblem } from "./files.ts";
import { LineOutput } from "./replay_output.ts";
import { standardInput } from "./input_file.ts";
import { openCapture, ReadingProgress } from "./replay_reading.ts";
import { headerLines, size } from "./replay_text.ts";
import { selectionIn, type SelectionSettings } from "./replay_values.ts";
import { TextBuffer, writeAll } from "./text_buffer.ts";
import { version } from "./version.ts";

/** Text is encoded into a buffer of this size, which is written when it is full, bytes. */
const bufferBytes = 256 * 1024;

/**
 * `tunnel replay FILE --har OUT`: writes what the capture holds as an HTTP Archive.
 *
 * @returns the exit status: 1 when the file is damaged, after everything before the damage
 */
export async function exportHar(
  file: string,
  out: string,
  settings: SelectionSettings,
  signal: AbortSignal,
): Promise<number> {
  using reader = await openCapture(file, signal);
  using output = TextFile.create(out, file);
  const { header } = reader;
  using har = new HarExport(header, {
    write: (text) => output.write(text),
    creator: { name: "tunnel", version },
    selection: selectionIn(header, settings),
    comment: headerLines(header, file).join("; "),
  });
  using progress = new ReadingProgress(reader.sizeBytes);
  let damage: CaptureError | null = null;
  try {
    await readRecords(reader, (record) => har.add(record), {
      signal,
      onProgress: (offset) => progress.update(offset),
    });
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    damage = error;
  }
  const counts = har.finish();
  output.flush();
  progress[Symbol.dispose]();
  const { entries, incomplete, omitted } = counts;
  const lines = new LineOutput();
  lines.line(`wrote ${entries} ${entries === 1 ? "entry" : "entries"} to ${out}, ${size(output.bytes)}`);
  if (incomplete > 0) {
    lines.line(`INCOMPLETE   ${incomplete} of them: the capture does not have them to the end`);
  }
  if (omitted > 0) {
    lines.line(`LEFT OUT     ${omitted} of them have bodies that the capture holds in part or not at all`);
  }
  for (const line of endingLines(reader, { damage, interrupted: signal.aborted })) lines.line(line);
  lines.flush();
  return damage === null ? exitCodes.done : exitCodes.failed;
}

function endingLines(
  reader: CaptureReader,
  ending: { damage: CaptureError | null; interrupted: boolean },
): string[] {
  if (ending.damage !== null) {
    return [`DAMAGED      ${ending.damage.message}: nothing behind it is in the HAR`];
  }
  if (!ending.interrupted) return [];
  return [`INTERRUPTED  at offset ${reader.offset}: what came behind it is not in the HAR`];
}

/** A file that is written in pieces of text. */
class TextFile implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #path: string;
  readonly #buffer = new TextBuffer(bufferBytes, (bytes) => this.#write(bytes));
  /** Written so far. */
  bytes = 0;

  /**
   * @param path is made anew, for its owner alone as a capture is, or overwritten
   * @param input must be another file
   * @throws {UsageError} when it cannot be written
   */
  static create(path: string, input: string): TextFile {
    try {
      if (path === "-") throw new UsageError("--har writes a file: standard output is for what was written");
      const file = Deno.openSync(path, { write: true, create: true, mode: 0o600 });
      if (isSameFile(file, path, input)) {
        file.close();
        throw new UsageError(`--har ${path} is the capture itself: name another file`);
      }
      file.truncateSync();
      return new TextFile(file, path);
    } catch (cause) {
      if (cause instanceof UsageError) throw cause;
      const problem = cause instanceof Deno.errors.NotFound
        ? "there is no such directory"
        : fileProblem(cause);
      throw new UsageError(`cannot write --har ${path}: ${problem}`, { cause });
    }
  }

  private constructor(file: Deno.FsFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  write(text: string): void {
    this.#buffer.write(text);
  }

  /** @throws {WorkError} when the disk is full */
  flush(): void {
    this.#buffer.flush();
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #write(bytes: Uint8Array): void {
    try {
      writeAll(this.#file, bytes);
    } catch (cause) {
      const problem = `cannot write --har ${this.#path}: ${fileProblem(cause)}`;
      throw new WorkError(`${problem}; what it holds is no whole HAR`, { cause });
    }
    this.bytes += bytes.length;
  }
}

function isSameFile(file: Deno.FsFile, path: string, input: string): boolean {
  if (input !== standardInput) return Deno.realPathSync(path) === Deno.realPathSync(input);
  const { dev, ino } = file.statSync();
  const read = fstatSync(0);
  return ino !== null && ino === read.ino && dev === read.dev;
}
