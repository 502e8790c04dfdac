import type { Option } from "commander";
import type { Purpose } from "./needless_flags.ts";
import type { Exclusion } from "./settings.ts";

/** Modes of `tunnel replay` that a flag has a meaning for. */
interface ModePurpose extends Purpose {
  /** What the help says in front of the flag's own. */
  help: string;
}

function purpose(modes: readonly ("to" | "serve")[], says: string): ModePurpose {
  return {
    // A mode's flag names an origin, or is a switch.
    isMeant: (command) => modes.some((mode) => ![undefined, false].includes(command.getOptionValue(mode))),
    says,
    help: `for ${modes.map((mode) => `--${mode}`).join(" and ")}: `,
  };
}

const to = purpose(["to"], "is for --to: give the origin that requests are sent to");
const serve = purpose(["serve"], "is for --serve, which makes this a runner");
const toAndServe = purpose(["to", "serve"], "is for --to and --serve");

/** Flags that are for some modes alone, by the names that commander gives their values. */
export const replayPurposes: Record<string, ModePurpose> = {
  unsafe: to,
  compareHeader: to,
  header: to,
  timeout: to,
  match: serve,
  gatewayUrl: serve,
  name: serve,
  token: serve,
  tokenFile: serve,
  pingInterval: serve,
  pingTimeout: serve,
  drainTimeout: serve,
  logLevel: serve,
  logFormat: serve,
  speed: toAndServe,
  caFile: toAndServe,
};

/** Flags that cannot be meant at once, for {@link settle}. */
export const replayExclusions: Exclusion[] = [
  ["--check", ["--frames", "--stream", "--path", "--since", "--until", "--har", "--to", "--serve"]],
  ["--har", ["--frames", "--json", "--to", "--serve"]],
  ["--to", ["--frames", "--serve"]],
  ["--serve", ["--frames", "--json", "--stream", "--path", "--since", "--until"]],
];

/** Has the help say which modes `option` is for. */
export function withPurpose<T extends Pick<Option, "attributeName" | "description">>(option: T): T {
  const purpose = replayPurposes[option.attributeName()];
  if (purpose !== undefined) option.description = purpose.help + option.description;
  return option;
}
