/**
 * Measures the tunnel: the same load on the origin directly, through two chained nginx and through a gateway and a
 * runner, in turn. Prints tables; `--json` keeps the figures, `--against` compares with earlier ones.
 */
import { exitCodes, UsageError } from "../../commands/errors.ts";
import { readTextFile } from "../../commands/files.ts";
import { printLine } from "../../commands/output.ts";
import { run } from "../../commands/run.ts";
import { compareReports, comparisonText, regressionsAbove } from "./compare.ts";
import { findEnvironment } from "./environment.ts";
import { benchCommand, type Flags } from "./flags.ts";
import { environmentText, reportText } from "./report_text.ts";
import { type Environment, parseReport, type Report, ReportError } from "./results.ts";
import { rowIds } from "./rows.ts";
import { runRows } from "./run_rows.ts";
import { measureScale } from "./scale.ts";
import { interrupt, isInterrupted, stopAll } from "./running.ts";

function httpLoaderOf(flags: Flags, environment: Environment): "wrk" | "own" {
  if (flags.loader === "wrk" && environment.wrk === null) {
    throw new UsageError("--loader wrk needs wrk, which is not installed: install it, or give --loader own");
  }
  if (flags.loader !== "auto") return flags.loader;
  return environment.wrk === null ? "own" : "wrk";
}

function readEarlier(file: string): Report {
  try {
    return parseReport(readTextFile(file, "earlier report"));
  } catch (cause) {
    if (!(cause instanceof ReportError)) throw cause;
    throw new UsageError(`cannot compare with ${file}: ${cause.message}`, { cause });
  }
}

/** Found out before minutes of measuring, rather than after. */
function checkWritable(file: string): void {
  try {
    Deno.openSync(file, { write: true, create: true }).close();
  } catch (cause) {
    throw new UsageError(`cannot write ${file}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

async function bench(flags: Flags): Promise<void> {
  const environment = findEnvironment();
  const httpLoader = httpLoaderOf(flags, environment);
  const earlier = flags.against === null ? null : readEarlier(flags.against);
  if (flags.json !== null) checkWritable(flags.json);
  printLine(environmentText(environment, httpLoader));
  const { seconds, quick } = flags;
  const rows = await runRows(flags, { withNginx: environment.nginx !== null, httpLoader });
  const scale = flags.scale ? await measureScale({ seconds, quick }) : null;
  const report: Report = {
    format: "tunnel-bench",
    version: 1,
    at: new Date().toISOString(),
    environment,
    settings: { seconds, quick, httpLoader },
    rows,
    scale,
  };
  printLine("\n" + reportText(report));
  if (flags.json !== null) Deno.writeTextFileSync(flags.json, JSON.stringify(report, null, 2) + "\n");
  if (earlier === null) return;
  const changes = compareReports(earlier, report);
  printLine("\n" + comparisonText(earlier, report, changes));
  if (flags.failRegression === null) return;
  const regressions = regressionsAbove(changes, flags.failRegression);
  if (regressions.length > 0) {
    const ids = [...new Set(regressions.map((change) => change.id))].join(", ");
    printLine(`\nworse by more than ${flags.failRegression * 100} %: ${ids}`);
    Deno.exitCode = exitCodes.failed;
  }
}

/** Ends what runs and then the benchmark itself; whatever fails on the way fails because of that. */
async function endInterrupted(): Promise<void> {
  await interrupt();
  Deno.exit(exitCodes.interrupted);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => void endInterrupted());
}

const command = benchCommand(async (flags) => {
  try {
    await bench(flags);
  } catch (error) {
    if (isInterrupted()) return await endInterrupted();
    throw error;
  } finally {
    await stopAll();
  }
});

// Without flags the whole table is measured, where a command tree would print its help.
await run(command, Deno.args.length === 0 ? ["--rows", rowIds.join(",")] : Deno.args);
