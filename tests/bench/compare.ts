import { formatNumber } from "./format.ts";
import { markdownTable } from "./markdown_table.ts";
import type { Report, RowResult } from "./results.ts";
import { type Spread, spreadOf } from "./statistics.ts";
import { summarize } from "./summary.ts";

/** One figure of a row in two runs. */
export interface Change {
  id: string;
  /** What is compared, such as `tunnel / nginx`. */
  what: string;
  before: Spread;
  now: Spread;
  /** How much worse, as a part of the earlier figure; negative when better. */
  worseBy: number;
  /** Whether the ranges of the two runs overlap, so that the change may be chance. */
  withinSpread: boolean;
}

interface Comparable {
  what: string;
  better: "more" | "less";
  spread: Spread;
}

/**
 * Compares the rows that both runs have. Ratios are compared where there are any, for they carry over from one
 * machine's mood to another; memory, CPU and start-up are compared as they are.
 */
export function compareReports(before: Report, now: Report): Change[] {
  const changes: Change[] = [];
  for (const row of now.rows) {
    const earlier = before.rows.find((other) => other.id === row.id);
    if (earlier === undefined) continue;
    const earlierFigures = comparablesOf(earlier);
    for (const { what, better, spread } of comparablesOf(row)) {
      const match = earlierFigures.find((figure) => figure.what === what);
      if (match === undefined || match.spread.median === 0) continue;
      const grown = (spread.median - match.spread.median) / match.spread.median;
      changes.push({
        id: row.id,
        what,
        before: match.spread,
        now: spread,
        worseBy: better === "more" ? -grown : grown,
        withinSpread: spread.min <= match.spread.max && match.spread.min <= spread.max,
      });
    }
  }
  return changes;
}

/** Changes for the worse by more than `limit`, a part of the earlier figure, that chance does not explain. */
export function regressionsAbove(changes: Change[], limit: number): Change[] {
  return changes.filter((change) => change.worseBy > limit && !change.withinSpread);
}

/** Why two runs do not compare well, if they do not. */
export function doubtsAbout(before: Report, now: Report): string[] {
  const doubts: string[] = [];
  const differs = (what: string, a: unknown, b: unknown) => {
    if (a !== b) doubts.push(`${what} differs: ${a} then, ${b} now`);
  };
  differs("the CPU", before.environment.cpu, now.environment.cpu);
  differs("the number of cores", before.environment.cores, now.environment.cores);
  differs("deno", before.environment.deno, now.environment.deno);
  differs("nginx", before.environment.nginx ?? "none", now.environment.nginx ?? "none");
  differs("the HTTP load", before.settings.httpLoader, now.settings.httpLoader);
  differs("a quick pass", before.settings.quick, now.settings.quick);
  return doubts;
}

/** The comparison as a table, and what is doubtful about it. */
export function comparisonText(before: Report, now: Report, changes: Change[]): string {
  const cells = changes.map((change) => [
    change.id,
    change.what,
    formatNumber(change.before.median),
    formatNumber(change.now.median),
    describeChange(change),
  ]);
  const table = markdownTable(["row", "what", `at ${before.at}`, "now", "change"], cells);
  return [table, ...doubtsAbout(before, now)].join("\n");
}

function describeChange({ worseBy, withinSpread }: Change): string {
  const percent = `${Math.abs(worseBy * 100).toFixed(1)} % ${worseBy > 0 ? "worse" : "better"}`;
  return withinSpread ? `${percent}, within the spread` : percent;
}

function comparablesOf(row: RowResult): Comparable[] {
  if (row.kind === "figure") {
    const { median, min, max } = spreadOf(row.values);
    const spread = { median, min: min - row.resolution, max: max + row.resolution };
    return [{ what: `${row.title}, ${row.unit}`, better: "less", spread }];
  }
  const { perNginx, perDirect, addedMs } = summarize(row);
  const figures: Comparable[] = [{ what: "tunnel / direct", better: "more", spread: perDirect }];
  if (perNginx !== null) figures.unshift({ what: "tunnel / nginx", better: "more", spread: perNginx });
  if (row.target?.addedMs !== undefined && addedMs !== null) {
    figures.push({ what: "added median, ms", better: "less", spread: addedMs });
  }
  return figures;
}
