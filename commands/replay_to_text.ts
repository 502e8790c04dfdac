import { type Difference, type Outcome, pathOf, type SendSummary } from "../lib/replay/mod.ts";
import type { SendEnd } from "./replay_to.ts";
import { printable, seconds } from "./replay_text.ts";
import type { Style } from "./style.ts";

/** Differences of one exchange that are shown; `--json` has more. */
const maxShown = 20;
/** Being less behind than this is not worth a word, milliseconds. */
const noticeableMs = 20;
/** Lines shown of one side of a difference. */
const maxLines = 6;

const columns = [10, 11, 7, 9, 19, 19] as const;

export const sendHeading = [
  "START".padStart(columns[0]),
  "RESULT".padEnd(columns[1]),
  "METHOD".padEnd(columns[2]),
  "STATUS".padEnd(columns[3]),
  "TIME".padEnd(columns[4]),
  "STREAM".padEnd(columns[5]),
  "PATH",
].join("  ");

/** A row, and below it what differs, why it was not sent or what was not compared. */
export function outcomeLines(outcome: Outcome, style: Style): string[] {
  const lines = [row(outcome, style)];
  const { differences, differenceCount, reason, notes } = outcome;
  if (reason !== null && differences.at(0)?.part !== "answer") lines.push(below(printable(reason)));
  for (const difference of differences.slice(0, maxShown)) lines.push(...differenceLines(difference, style));
  const more = differenceCount - Math.min(maxShown, differences.length);
  if (more > 0) {
    lines.push(below(`… and ${more} differences more${differences.length > maxShown ? ": see --json" : ""}`));
  }
  for (const note of notes) lines.push(below(style.dim(printable(note))));
  return lines;
}

function row(outcome: Outcome, style: Style): string {
  const { startedAtUs, result, method, kind, id, target } = outcome;
  const word = {
    same: "same",
    different: "DIFFERS",
    failed: "FAILED",
    skipped: "skipped",
    interrupted: "stopped",
  };
  const paint = {
    same: style.good,
    different: style.bad,
    failed: style.bad,
    skipped: style.dim,
    interrupted: style.dim,
  };
  return [
    seconds(startedAtUs).padStart(columns[0]),
    paint[result](word[result].padEnd(columns[1])),
    printable(kind === "websocket" ? "WS" : method).padEnd(columns[2]),
    changed(outcome, ({ status }) => status === null ? "-" : String(status)).padEnd(columns[3]),
    times(outcome).padEnd(columns[4]),
    id.padEnd(columns[5]),
    printable(pathOf(target)),
  ].join("  ");
}

/** One value where both are the same, else both. */
function changed(
  { recorded, replayed }: Outcome,
  show: (answer: { status: number | null }) => string,
): string {
  const [before, after] = [recorded, replayed].map((answer) => answer === null ? null : show(answer));
  if (after === null || after === before) return before ?? "-";
  return `${before ?? "-"} → ${after}`;
}

function times({ recorded, replayed }: Outcome): string {
  const text = (ms: number) => ms < 1000 ? `${ms.toFixed(1)}ms` : `${(ms / 1000).toFixed(3)}s`;
  if (recorded === null) return "-";
  return replayed === null
    ? text(recorded.durationMs)
    : `${text(recorded.durationMs)} → ${text(replayed.durationMs)}`;
}

/** `- ` is what was recorded, `+ ` what came now, as in any diff. */
function differenceLines({ part, message, at, recorded, replayed }: Difference, style: Style): string[] {
  const where = [part, message === undefined ? "" : `${message}`, at].filter((word) => word !== "").join(" ");
  return [
    below(style.bold(printable(where))),
    ...sideLines(recorded).map((line) => below(style.bad(`  - ${line}`))),
    ...sideLines(replayed).map((line) => below(style.good(`  + ${line}`))),
  ];
}

function sideLines(text: string | null): string[] {
  if (text === null) return [];
  const lines = text.split("\n");
  const shown = lines.slice(0, maxLines).map(printable);
  return lines.length > maxLines ? [...shown, `… ${lines.length - maxLines} lines more`] : shown;
}

/** A line below a row. */
function below(text: string): string {
  return " ".repeat(columns[0] + 2) + text;
}

export function speedWords(speed: number): string {
  if (speed === Infinity) return "as fast as answers come";
  return speed === 1 ? "in recorded time" : `at ${speed} times the recorded speed`;
}

/** What it comes to: what was compared, what was not and why. */
export function sendSummaryLines(summary: SendSummary, end: SendEnd, style: Style): string[] {
  const { same, different, failed, skipped, interrupted, notReached } = summary;
  const counts = [
    `${same} same`,
    different > 0 ? style.bad(`${different} differ${different === 1 ? "s" : ""}`) : "0 differ",
    failed > 0 ? style.bad(`${failed} failed`) : "0 failed",
    `${skipped} skipped`,
  ];
  const lines = [
    `result        ${counts.join(", ")}`,
    `time          ${span(summary.durationMs)}, recorded in ${span(summary.recordedMs)}` +
    (summary.mostBehindMs < noticeableMs ? "" : `; at most ${span(summary.mostBehindMs)} behind`),
    ...list("compared", ["status", "body", "messages", "close", ...summary.comparedHeaders]),
    ...list(
      "not compared",
      summary.ignoredHeaders.map(({ name, answers, differing }) =>
        `${name} (${differing} of ${answers} differ)`
      ),
    ),
    ...list(
      "not sent",
      summary.withheldHeaders.map(({ name, requests }) =>
        `${name} (redacted in ${requests}: --header sends one)`
      ),
    ),
  ];
  if (summary.comparedInPart > 0) {
    lines.push(
      `in part       ${summary.comparedInPart}: of these a part alone was compared, as their rows say`,
    );
  }
  if (same + different + failed === 0) lines.push("NOTHING       was sent: no answer was compared");
  if (end.interrupted) {
    lines.push(
      `INTERRUPTED   ${interrupted} under way and ${notReached} not begun: they were not compared`,
    );
  }
  if (end.damage !== null) {
    lines.push(`DAMAGED       ${end.damage.message}: everything before it was sent, nothing behind it`);
  }
  return lines;
}

/** Words in lines of a terminal's width, under a heading. */
function list(heading: string, words: string[]): string[] {
  if (words.length === 0) return [];
  const lines: string[] = [];
  let line = heading.padEnd(14);
  for (const [i, word] of words.map(printable).entries()) {
    const piece = i === words.length - 1 ? word : `${word},`;
    if (line.length + piece.length > 100) {
      lines.push(line.trimEnd());
      line = " ".repeat(14);
    }
    line += `${piece} `;
  }
  return [...lines, line.trimEnd()];
}

function span(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
