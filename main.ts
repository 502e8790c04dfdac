import { Command } from "@commander-js/extra-typings";
import { changeToCaller } from "./commands/caller.ts";
import { run } from "./commands/run.ts";
import { version } from "./commands/version.ts";

// `deno task` runs in its checkout, and says where it was called: paths are meant from there.
if (!Deno.build.standalone) changeToCaller(Deno.env.get("INIT_CWD"), import.meta.dirname);

const commands = {
  "gateway": async () => (await import("./commands/gateway.ts")).gatewayCommand(),
  "runner": async () => (await import("./commands/runner.ts")).runnerCommand(),
  "ping-probe": async () => (await import("./commands/ping_probe.ts")).pingProbeCommand(),
  "replay": async () => (await import("./commands/replay.ts")).replayCommand(),
};

const program = new Command("tunnel")
  .description(
    "Exposes a local service through a public gateway, over a link whose streams survive its loss.",
  )
  .version(version, "-V, --version", "print the version");

// A command that is named is loaded alone, so that it starts sooner.
const [first = ""] = Deno.args;
const asked = Object.entries(commands).filter(([name]) => name === first);
const versionAlone = /^(-V|--version)$/.test(first);
const needed = asked.length > 0 || versionAlone ? asked : Object.entries(commands);
for (const [, load] of needed) program.addCommand((await load()) as Command);

await run(program, Deno.args);
