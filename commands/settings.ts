import type { Command } from "commander";
import { applyConfigFile } from "./config_file.ts";
import { UsageError } from "./errors.ts";

type CommandOption = Command["options"][number];

/** A flag, and those that cannot be meant beside it. */
export type Exclusion = readonly [long: string, excluded: readonly string[]];

/** Of every command that has them. */
const alternatives: Exclusion[] = [["--token", ["--token-file"]], ["--json", ["--ndjson"]]];

/** Where a value may come from; the earlier wins. */
const ranks = ["cli", "env", "config"] as const;
type Rank = (typeof ranks)[number];

const switchValues = new Map([
  ["true", true],
  ["1", true],
  ["yes", true],
  ["false", false],
  ["0", false],
  ["no", false],
]);

/**
 * Brings together what flags, environment and config file say. To be called before a command reads its options.
 * Of flags that exclude each other the one of the highest rank stays.
 *
 * @param exclusions those of the command's own
 * @throws {UsageError} when one of them holds what is not accepted, or two flags that exclude each other
 */
export function settle(command: Command, exclusions: Exclusion[] = []): void {
  readSwitches(command);
  // Before the file as well: its own name must not be empty.
  refuseEmpty(command);
  applyConfigFile(command);
  refuseEmpty(command);
  keepHighest(command, [...alternatives, ...exclusions]);
}

/** A switch whose environment variable is there is on to commander, whatever it says. */
function readSwitches(command: Command): void {
  for (const option of command.options) {
    const { envVar } = option;
    const name = option.attributeName();
    if (!option.isBoolean() || envVar === undefined || command.getOptionValueSource(name) !== "env") continue;
    const text = Deno.env.get(envVar) ?? "";
    const value = switchValues.get(text.toLowerCase());
    if (value === undefined) {
      throw new UsageError(
        `${envVar} is ${JSON.stringify(text)}; accepted are ${[...switchValues.keys()].join(", ")}`,
      );
    }
    command.setOptionValueWithSource(name, value, "env");
  }
}

/**
 * No flag has a meaning when it is empty, and an empty variable (`TUNNEL_CAPTURE=` of a script whose own variable is
 * not set) must not switch on what it names.
 */
function refuseEmpty(command: Command): void {
  for (const option of command.options) {
    const name = option.attributeName();
    const rank = ranks.find((rank) => rank === command.getOptionValueSource(name));
    if (rank === undefined || command.getOptionValue(name) !== "") continue;
    throw new UsageError(`${nameAt(option, rank)} is empty: give it a value, or leave it out`);
  }
}

/** Of options that exclude each other the one of the highest rank stays. */
function keepHighest(command: Command, exclusions: Exclusion[]): void {
  const options = new Map(command.options.map((option) => [option.long, option]));
  const pairs = exclusions.flatMap(([long, excluded]) =>
    excluded.map((other) => [options.get(long), options.get(other)])
  ).filter((pair): pair is CommandOption[] => !pair.includes(undefined));
  for (const rank of ranks) {
    // Those of this rank first, which none above has put aside by now: they put aside what is below.
    const clash = pairs.find((pair) => pair.every((option) => rankOf(command, option) === rank));
    if (clash !== undefined) {
      const names = clash.map((option) => nameAt(option, rank)).join(" and ");
      throw new UsageError(`${names} exclude each other: give one of them`);
    }
    for (const [one, other] of pairs) {
      for (const [option, excluded] of [[one, other], [other, one]]) {
        if (rankOf(command, option) !== rank) continue;
        command.setOptionValueWithSource(excluded.attributeName(), undefined, "default");
      }
    }
  }
}

/** Where the value of an option is from, if it has one that says anything. */
function rankOf(command: Command, option: CommandOption): Rank | undefined {
  const name = option.attributeName();
  if (!isGiven(command.getOptionValue(name))) return undefined;
  return ranks.find((rank) => rank === command.getOptionValueSource(name));
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== false;
}

/** What a user has to look for. */
function nameAt(option: CommandOption, rank: Rank): string {
  switch (rank) {
    case "cli":
      return option.long ?? option.flags;
    case "env":
      return option.envVar ?? option.flags;
    case "config":
      return `"${option.long?.replace(/^--/, "")}" of the config file`;
  }
}
