import type { Command } from "commander";
import { UsageError } from "./errors.ts";
import { readTextFile } from "./files.ts";

/**
 * Fills in, from the JSON file that `--config` names, every option that neither a flag nor the environment
 * has set. Keys are the long flags without their dashes; values are what would stand behind the flag, in an array
 * where it may be given several times.
 *
 * @throws {UsageError} when the file cannot be read, is not a JSON object, or holds an unknown key or bad value
 */
export function applyConfigFile(command: Command): void {
  const path = command.getOptionValue("config") as string | undefined;
  if (path === undefined) return;
  const settings = parse(path);
  const options = new Map(command.options.map((option) => [option.long?.replace(/^--/, ""), option]));
  options.delete("config");
  for (const [key, value] of Object.entries(settings)) {
    const option = options.get(key);
    if (option === undefined) {
      throw new UsageError(
        `${path}: unknown setting "${key}"; accepted are ${[...options.keys()].sort().join(", ")}`,
      );
    }
    const source = command.getOptionValueSource(option.attributeName());
    if (source !== "default" && source !== undefined) continue;
    const values = Array.isArray(value) && mayBeRepeated(option) ? value : [value];
    const parsed = values.reduce((earlier, one) => parseValue(path, key, option, one, earlier), undefined);
    command.setOptionValueWithSource(option.attributeName(), parsed, "config");
  }
}

function parse(path: string): Record<string, unknown> {
  const text = readTextFile(path, "configuration file");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${path} is not JSON: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError(`${path} must hold a JSON object such as {"port": 8080}`);
  }
  return value as Record<string, unknown>;
}

type CommandOption = Command["options"][number];

/** What reads one value of several takes the earlier ones as well. */
function mayBeRepeated({ parseArg }: CommandOption): boolean {
  return parseArg !== undefined && parseArg.length > 1;
}

function parseValue(
  path: string,
  key: string,
  option: CommandOption,
  value: unknown,
  earlier?: unknown,
): unknown {
  if (option.isBoolean()) {
    if (typeof value === "boolean") return value;
    throw new UsageError(`${path}: "${key}" must be true or false, found ${JSON.stringify(value)}`);
  }
  if (typeof value !== "string" && typeof value !== "number") {
    const accepted = mayBeRepeated(option) ? "a string, or an array of them" : "a string or a number";
    throw new UsageError(`${path}: "${key}" must be ${accepted}, found ${JSON.stringify(value)}`);
  }
  const text = String(value);
  if (option.argChoices !== undefined && !option.argChoices.includes(text)) {
    throw new UsageError(`${path}: "${key}" is "${text}"; accepted are ${option.argChoices.join(", ")}`);
  }
  try {
    return option.parseArg === undefined ? text : option.parseArg(text, earlier);
  } catch (cause) {
    throw new UsageError(
      `${path}: "${key}" is "${text}": ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}
