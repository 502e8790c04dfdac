import type { Command, Option } from "commander";
import { UsageError } from "./errors.ts";
import type { Exclusion } from "./settings.ts";

/** Modes of `tunnel replay` that a flag has a meaning for, and why it has none for the others. */
const purposes = {
  to: { modes: ["to"], says: "is for --to: give the origin that requests are sent to" },
  serve: { modes: ["serve"], says: "is for --serve, which makes this a runner" },
  toAndServe: { modes: ["to", "serve"], says: "is for --to and --serve" },
};

/** Flags that are for some modes alone, by the names that commander gives their values. */
const purposeOf: Record<string, keyof typeof purposes> = {
  unsafe: "to",
  compareHeader: "to",
  header: "to",
  timeout: "to",
  match: "serve",
  gatewayUrl: "serve",
  name: "serve",
  token: "serve",
  tokenFile: "serve",
  pingInterval: "serve",
  pingTimeout: "serve",
  drainTimeout: "serve",
  logLevel: "serve",
  logFormat: "serve",
  speed: "toAndServe",
  caFile: "toAndServe",
};

/** Flags that cannot be meant at once, for {@link settle}. */
export const replayExclusions: Exclusion[] = [
  ["--check", ["--frames", "--stream", "--path", "--since", "--until", "--har", "--to", "--serve"]],
  ["--har", ["--frames", "--json", "--to", "--serve"]],
  ["--to", ["--frames", "--serve"]],
  ["--serve", ["--frames", "--json", "--stream", "--path", "--since", "--until"]],
];

const help: Record<keyof typeof purposes, string> = {
  to: "for --to: ",
  serve: "for --serve: ",
  toAndServe: "for --to and --serve: ",
};

/** Has the help say which modes `option` is for. */
export function withPurpose<T extends Pick<Option, "attributeName" | "description">>(option: T): T {
  const purpose = purposeOf[option.attributeName()];
  if (purpose !== undefined) option.description = help[purpose] + option.description;
  return option;
}

/**
 * Refuses flags that would change nothing. In the environment they may stand for other commands.
 *
 * @throws {UsageError} when one is given that the chosen mode does not take
 */
export function refuseForeignFlags(command: Command): void {
  for (const option of command.options) {
    const name = option.attributeName();
    const purpose = purposeOf[name];
    if (purpose === undefined || command.getOptionValueSource(name) !== "cli") continue;
    const { modes, says } = purposes[purpose];
    const isMeant = modes.some((mode) => {
      const value = command.getOptionValue(mode);
      return value !== undefined && value !== false;
    });
    if (!isMeant) throw new UsageError(`${option.long} ${says}`);
  }
}
