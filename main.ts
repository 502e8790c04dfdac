import { Command } from "@commander-js/extra-typings";
import { gatewayCommand } from "./commands/gateway.ts";
import { pingProbeCommand } from "./commands/ping_probe.ts";
import { replayCommand } from "./commands/replay.ts";
import { run } from "./commands/run.ts";
import { runnerCommand } from "./commands/runner.ts";
import { version } from "./commands/version.ts";

const program = new Command("tunnel")
  .description(
    "Exposes a local service through a public gateway, over a link whose streams survive its loss.",
  )
  .version(version, "-V, --version", "print the version")
  .addCommand(gatewayCommand())
  .addCommand(runnerCommand())
  .addCommand(pingProbeCommand())
  .addCommand(replayCommand());

await run(program, Deno.args);
