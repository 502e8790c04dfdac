import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { rowIds } from "./rows.ts";

/** How the benchmark was asked to run. */
export interface Flags {
  /** Ids of the rows to measure, in the table's order. */
  rows: readonly string[];
  seconds: number;
  quick: boolean;
  loader: "auto" | "wrk" | "own";
  scale: boolean;
  json: string | null;
  against: string | null;
  /** Part of the earlier figure, such as 0.1. */
  failRegression: number | null;
}

const longestSeconds = 60;
const defaultSeconds = 3;
const quickSeconds = 1;

/**
 * The benchmark's command line.
 *
 * @param action gets the flags once they are known to be good
 */
export function benchCommand(action: (flags: Flags) => Promise<void>) {
  const command = new Command("bench")
    .description(
      "Measures the tunnel beside the origin alone and two chained nginx, all under the same load.",
    )
    .addOption(
      new Option(
        "--rows <ids>",
        `only these, separated by commas: ${rowIds.join(", ")} (default: all, with --scale none)`,
      )
        .argParser(rowList),
    )
    .addOption(
      new Option(
        "--seconds <n>",
        `how long each rate is counted (default: ${defaultSeconds}, with --quick ${quickSeconds})`,
      )
        .argParser(wholeSeconds),
    )
    .addOption(new Option("--quick", "a short pass: fewer rounds, smaller bodies").default(false))
    .addOption(
      new Option("--loader <name>", "what loads the HTTP rows; auto takes wrk where it is installed")
        .default("auto" as const).choices(["auto", "wrk", "own"] as const),
    )
    .addOption(
      new Option("--scale", "measure how cost grows with streams and links")
        .default(
          false,
        ),
    )
    .addOption(new Option("--json <file>", "write the results as JSON"))
    .addOption(new Option("--against <file>", "compare with results that --json wrote earlier"))
    .addOption(
      new Option("--fail-regression <percent>", "with --against: end with 1 when a row is that much worse")
        .argParser(percentage),
    );
  return command.action(async (options) => {
    const against = options.against ?? null;
    const failRegression = options.failRegression ?? null;
    if (failRegression !== null && against === null) {
      command.error("error: --fail-regression needs --against FILE: there is nothing to compare with");
    }
    await action({
      rows: options.rows ?? (options.scale ? [] : rowIds),
      seconds: options.seconds ?? (options.quick ? quickSeconds : defaultSeconds),
      quick: options.quick,
      loader: options.loader,
      scale: options.scale,
      json: options.json ?? null,
      against,
      failRegression,
    });
  });
}

/** Row ids in the table's order, each once. */
export function rowList(text: string): string[] {
  const asked = text.split(",").map((id) => id.trim());
  const unknown = asked.filter((id) => !rowIds.includes(id));
  if (unknown.length > 0) {
    throw new InvalidArgumentError(
      `There is no row ${unknown.map((id) => `"${id}"`).join(", ")}; rows are ${rowIds.join(", ")}.`,
    );
  }
  return rowIds.filter((id) => asked.includes(id));
}

/** Whole seconds, 1 to 60. */
export function wholeSeconds(text: string): number {
  const seconds = /^\d{1,2}$/.test(text) ? Number(text) : NaN;
  if (!(seconds >= 1 && seconds <= longestSeconds)) {
    throw new InvalidArgumentError(`Seconds are a whole number from 1 to ${longestSeconds}.`);
  }
  return seconds;
}

/** A part of one, from text such as `10%` or `2.5%`. */
export function percentage(text: string): number {
  const match = /^(\d+(?:\.\d+)?)%?$/.exec(text.trim());
  const percent = match === null ? NaN : Number(match[1]);
  if (!(percent <= 100)) {
    throw new InvalidArgumentError("A percentage is a number from 0 to 100, such as 10%.");
  }
  return percent / 100;
}
