/**
 * Draws how cost grows, from what `bench --scale --json FILE` wrote: takes that file and the SVG to write.
 */
import { exitCodes, UsageError } from "../../commands/errors.ts";
import { readTextFile } from "../../commands/files.ts";
import { parseReport, ReportError } from "./results.ts";
import { scalePlot } from "./scale_plot.ts";

function plot(args: string[]): void {
  if (args.length !== 2) throw new UsageError("two arguments are expected: REPORT.json PLOT.svg");
  const [from, to] = args;
  const { scale } = parseReport(readTextFile(from, "report"));
  if (scale === null) {
    throw new UsageError(`${from} has no growth in it: make it with bench --scale --json FILE`);
  }
  Deno.writeTextFileSync(to, scalePlot(scale));
}

try {
  plot(Deno.args);
} catch (error) {
  if (!(error instanceof UsageError || error instanceof ReportError)) throw error;
  // deno-lint-ignore no-console -- a program's own output
  console.error(`error: ${error.message}`);
  Deno.exit(exitCodes.usage);
}
