import { checkCapture, type CheckResult, type Violation } from "../lib/replay/mod.ts";
import { exitCodes } from "./errors.ts";
import { LineOutput } from "./replay_output.ts";
import { openCapture, ReadingProgress } from "./replay_reading.ts";
import { headerLines, printable, seconds } from "./replay_text.ts";

/**
 * `tunnel replay FILE --check`: runs the frames through the protocol's state machines.
 *
 * @returns the exit status: 0 when nothing was found and the file is whole, else 1
 */
export async function runCheck(
  file: string,
  options: { json: boolean },
  signal: AbortSignal,
): Promise<number> {
  using reader = await openCapture(file, signal);
  const output = new LineOutput();
  if (!options.json) { for (const line of headerLines(reader.header, file)) output.line(line); }
  using progress = new ReadingProgress(reader.sizeBytes);
  const result = await checkCapture(reader, {
    signal,
    onProgress: (offset) => progress.update(offset),
    onViolation: options.json ? undefined : (violation) => output.line(violationLine(violation)),
  });
  progress[Symbol.dispose]();
  const passed = result.violationCount === 0 && result.damage === null && !result.aborted;
  if (options.json) {
    const verdict = passed ? "pass" : "fail";
    output.line(JSON.stringify({ file, verdict, header: reader.header, ...result }, null, 2));
  } else {
    for (const line of verdictLines(result, reader.offset)) output.line(line);
  }
  output.flush();
  return passed ? exitCodes.done : exitCodes.failed;
}

function violationLine(violation: Violation): string {
  const { record, offset, timeUs, link, stream, rule, message } = violation;
  const where = stream === null ? `link ${link}` : `link ${link} stream ${stream}`;
  return `VIOLATION record ${record} at ${seconds(timeUs)} (offset ${offset}) ${where} ${rule}: ${
    printable(message)
  }`;
}

function verdictLines(result: CheckResult, offset: number): string[] {
  const { counts, damage, aborted, violationCount } = result;
  const lines = [
    `checked ${result.records} records: ${counts.frames} frames, ${counts.streams} streams opened, ` +
    `${counts.links} links, ${counts.resumes} resumes, ${counts.gaps} gaps`,
  ];
  if (damage !== null) lines.push(`DAMAGED: ${damage.message}`);
  if (aborted) lines.push(`INTERRUPTED at offset ${offset}: what lies behind it was not checked`);
  if (violationCount > 0) lines.push(`FAILED: ${violationCount} violation${violationCount === 1 ? "" : "s"}`);
  else if (damage === null && !aborted) lines.push("PASSED: every frame is as the state machines have it");
  else lines.push("no violation before that");
  return lines;
}
