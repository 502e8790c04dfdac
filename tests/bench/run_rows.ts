import { printLine } from "../../commands/output.ts";
import type { Flags } from "./flags.ts";
import { formatNumber, formatRatio } from "./format.ts";
import { measureIdle } from "./idle.ts";
import type { HttpLoader } from "./load/apply_load.ts";
import type { LoadResult, RowResult } from "./results.ts";
import { type Effort, measureRow } from "./rounds.ts";
import { type LoadRow, type Row, rows, shortened } from "./rows.ts";
import { startStack } from "./stack.ts";
import { measureStartup } from "./startup.ts";
import { summarize } from "./summary.ts";

/** Rounds of a whole pass; with 3 s a rate and three ways, a row takes 40 to 80 seconds. */
const wholeRounds = { leastRounds: 3, mostRounds: 7, warmUpSeconds: 8 };
const quickRounds = { leastRounds: 2, mostRounds: 2, warmUpSeconds: 1 };

export interface RunOptions {
  withNginx: boolean;
  httpLoader: HttpLoader;
}

/** Measures the rows that were asked for, one after another, each on fresh processes. */
export async function runRows(flags: Flags, options: RunOptions): Promise<RowResult[]> {
  const results: RowResult[] = [];
  for (const row of rows.filter(({ id }) => flags.rows.includes(id))) {
    const chosen = flags.quick ? shortened(row) : row;
    printLine(`\n${chosen.title} …`);
    results.push(...await runRow(chosen, flags, options));
  }
  return results;
}

async function runRow(row: Row, flags: Flags, options: RunOptions): Promise<RowResult[]> {
  switch (row.kind) {
    case "idle":
      return await measureIdle(row, { quick: flags.quick });
    case "startup":
      return await measureStartup(row, { quick: flags.quick });
    case "http":
    case "websocket":
    case "transfer": {
      const result = await runLoadRow(row, flags, options);
      printLine(`  ${progressText(result)}`);
      return [result];
    }
    default:
      return row satisfies never;
  }
}

async function runLoadRow(row: LoadRow, flags: Flags, options: RunOptions): Promise<LoadResult> {
  await using stack = await startStack({ withNginx: options.withNginx });
  return await measureRow(row, stack, { effort: effortOf(flags), httpLoader: options.httpLoader });
}

function effortOf({ quick, seconds }: Flags): Effort {
  const rounds = quick ? quickRounds : wholeRounds;
  // A round is three rates; half a round more makes room for starting the generators.
  const roundMs = 3.5 * seconds * 1000;
  return { ...rounds, seconds, budgetMs: roundMs * (rounds.leastRounds + 1) };
}

function progressText(result: LoadResult): string {
  const { direct, nginx, tunnel, perNginx, perDirect, rounds } = summarize(result);
  const rates = [direct, nginx, tunnel].map((way) => formatNumber(way?.rate ?? null)).join(" / ");
  return `direct / nginx / tunnel ${rates} ${result.unit}; tunnel / nginx ${formatRatio(perNginx)}, ` +
    `tunnel / direct ${formatRatio(perDirect)}; ${rounds} rounds`;
}
