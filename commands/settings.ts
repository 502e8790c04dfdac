import type { Command } from "commander";
import { applyConfigFile } from "./config_file.ts";
import { UsageError } from "./errors.ts";

type CommandOption = Command["options"][number];

/** Flags of which one alone can be meant. */
const alternatives = [["--token", "--token-file"], ["--json", "--ndjson"]];

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
 *
 * @throws {UsageError} when one of them holds what is not accepted, or two flags that exclude each other
 */
export function settle(command: Command): void {
  readSwitches(command);
  refuseEmpty(command);
  applyConfigFile(command);
  refuseEmpty(command);
  for (const longs of alternatives) {
    const options = command.options.filter(({ long }) => long !== undefined && longs.includes(long));
    if (options.length === longs.length) keepHighest(command, options);
  }
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
function keepHighest(command: Command, options: CommandOption[]): void {
  const rankOf = (option: CommandOption) =>
    ranks.find((rank) => rank === command.getOptionValueSource(option.attributeName()));
  const given = options.filter((option) => isGiven(command.getOptionValue(option.attributeName())));
  const highest = ranks.find((rank) => given.some((option) => rankOf(option) === rank));
  const kept = given.filter((option) => rankOf(option) === highest);
  if (highest !== undefined && kept.length > 1) {
    const names = kept.map((option) => nameAt(option, highest)).join(" and ");
    throw new UsageError(`${names} exclude each other: give one of them`);
  }
  for (const option of given) {
    if (!kept.includes(option)) {
      command.setOptionValueWithSource(option.attributeName(), undefined, "default");
    }
  }
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
