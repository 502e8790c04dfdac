/**
 * Writes the flag tables of README.md anew, from the commands themselves.
 *
 * usage: deno task readme
 */
import type { Command } from "commander";
import { gatewayCommand } from "../commands/gateway.ts";
import { pingProbeCommand } from "../commands/ping_probe.ts";
import { replayCommand } from "../commands/replay.ts";
import { runnerCommand } from "../commands/runner.ts";
import { flagTable } from "./flag_table.ts";

/** Every command by its name. */
export const commands: Record<string, () => unknown> = {
  gateway: gatewayCommand,
  runner: runnerCommand,
  "ping-probe": pingProbeCommand,
  replay: replayCommand,
};

/** README with the tables between its marks replaced. */
export function withFlagTables(readme: string): string {
  let text = readme;
  for (const [name, make] of Object.entries(commands)) {
    const [begin, end] = [`<!-- flags of ${name} -->`, `<!-- end of flags -->`];
    const from = text.indexOf(begin);
    const to = text.indexOf(end, from);
    if (from === -1 || to === -1) throw new Error(`README.md has no ${begin} … ${end}`);
    text = `${text.slice(0, from + begin.length)}\n\n${flagTable(make() as Command)}\n\n${text.slice(to)}`;
  }
  return text;
}

if (import.meta.main) {
  const path = new URL("../README.md", import.meta.url);
  await Deno.writeTextFile(path, withFlagTables(await Deno.readTextFile(path)));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", path.pathname] }).spawn().status;
}
