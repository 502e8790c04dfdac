import { printLine } from "../../commands/output.ts";
import { tunnel } from "../support/processes.ts";
import { formatNumber } from "./format.ts";
import type { FigureResult } from "./results.ts";
import type { StartupRow } from "./rows.ts";
import { keep, stop } from "./running.ts";
import { linkArguments, startGateway, startOrigin, startRunner } from "./stack.ts";
import { median } from "./statistics.ts";

const repetitions = 9;
const quickRepetitions = 3;

/** What is started, and until when it is timed. */
interface Start {
  id: string;
  title: string;
  run(): Promise<AsyncDisposable>;
}

/** Times commands from the start of their process until they say they are ready, as their user sees it. */
export async function measureStartup(
  row: StartupRow,
  { quick }: { quick: boolean },
): Promise<FigureResult[]> {
  const origin = await startOrigin();
  const gateway = await startGateway();
  const runner = await startRunner(gateway.port, origin.port);
  const starts: Start[] = [
    {
      id: "gateway",
      title: "tunnel gateway, until it listens",
      run: async () => (await startGateway()).process,
    },
    {
      id: "runner",
      title: "tunnel runner, until it is connected",
      run: () => startRunner(gateway.port, origin.port),
    },
    {
      id: "ping-probe",
      title: "tunnel ping-probe --count 1, until it ends",
      run: () => runToEnd(["ping-probe", "--count", "1", ...linkArguments(gateway.port)]),
    },
    { id: "version", title: "tunnel --version, until it ends", run: () => runToEnd(["--version"]) },
  ];
  const results: FigureResult[] = [];
  for (const start of starts) {
    const values = await timed(start, quick ? quickRepetitions : repetitions);
    const title = `${row.title}: ${start.title}`;
    printLine(`  ${start.title}: ${formatNumber(median(values))} ms`);
    results.push({
      kind: "figure",
      id: `startup.${start.id}`,
      title,
      unit: "ms",
      target: row.target,
      values,
      resolution: 0,
    });
  }
  await stop(runner);
  await stop(gateway.process);
  await stop(origin.process);
  return results;
}

/** The first start fills V8's code cache and is not counted. */
async function timed(start: Start, times: number): Promise<number[]> {
  const values: number[] = [];
  for (let i = 0; i <= times; i++) {
    const startedMs = performance.now();
    const process = await start.run();
    const tookMs = performance.now() - startedMs;
    await stop(process);
    if (i > 0) values.push(tookMs);
  }
  return values;
}

async function runToEnd(args: string[]): Promise<AsyncDisposable> {
  const process = keep(tunnel(args));
  const status = await process.status();
  if (!status.success) throw new Error(`tunnel ${args[0]} ended with ${status.code}: ${process.stderr}`);
  return process;
}
