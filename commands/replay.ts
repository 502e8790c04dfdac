import { Command, Option } from "@commander-js/extra-typings";
import type { Command as UntypedCommand } from "commander";
import { CaptureError, StoreError } from "../lib/capture/mod.ts";
import { readCaFile } from "./certificates.ts";
import {
  drainTimeoutOption,
  envName,
  logFormatOption,
  logLevelOption,
  pingIntervalOption,
  pingTimeoutOption,
  tokenFileOption,
  tokenOption,
} from "./common_options.ts";
import { HarError } from "../lib/replay/mod.ts";
import { exitCodes, UsageError, WorkError } from "./errors.ts";
import { writeError } from "./output.ts";
import { isNamedHar } from "./replay_exchanges.ts";
import { exportHar } from "./replay_har.ts";
import { runCheck } from "./replay_check.ts";
import { printable } from "./replay_text.ts";
import { showTimeline } from "./replay_timeline.ts";
import { moment, pathGlob, refuseEmptyTime, speed, streamIds } from "./replay_values.ts";
import { refuseNeedlessFlags } from "./needless_flags.ts";
import { replayExclusions, replayPurposes, withPurpose } from "./replay_flags.ts";
import { serveCapture, serveSettings } from "./replay_serve.ts";
import { caFileOption, gatewayUrlOption, nameOption } from "./runner_options.ts";
import { sendToOrigin } from "./replay_to.ts";
import { comparedHeaders, headerOverride, originUrl } from "./replay_to_values.ts";
import { settle } from "./settings.ts";
import { untilStopped } from "./until_stopped.ts";
import { positiveDuration } from "./values.ts";

/** `tunnel replay`: what to do with a capture. Each mode is a file of its own; without one it is the timeline. */
export function replayCommand() {
  return new Command("replay")
    .description(
      "Reads a capture of gateway or runner: shows it as a timeline, checks, exports or serves it, or sends it again.",
    )
    .argument("<file>", "a .tunnelcap file, or a .har file for --to and --serve; - is standard input")
    .addOption(new Option("--frames", "a row for each frame instead of each stream")
      .env(envName("frames")))
    .addOption(
      new Option("--stream <id>", "this stream alone, such as 9f3ac01b-42; may be given several times")
        .env(envName("stream"))
        .argParser(streamIds),
    )
    .addOption(
      new Option("--path <glob>", "streams whose path matches, such as '/api/*' or '/**/events'")
        .env(envName("path"))
        .argParser(pathGlob),
    )
    .addOption(
      new Option("--since <moment>", "from there on: 1.5s after the beginning, or 2026-07-30T10:22:33Z")
        .env(envName("since"))
        .argParser(moment),
    )
    .addOption(
      new Option("--until <moment>", "up to there")
        .env(envName("until")).argParser(moment),
    )
    .addOption(
      new Option("--har <file>", "write an HTTP Archive of what clients did and got")
        .env(envName("har")),
    )
    .addOption(
      new Option("--check", "run the frames through the protocol's own state machines")
        .env(envName("check")),
    )
    .addOption(new Option("--json", "print one JSON document")
      .env(envName("json")))
    .addOption(
      new Option("--to <url>", "send the captured requests again, to this origin, and compare the answers")
        .env(envName("to"))
        .argParser(originUrl),
    )
    .addOption(
      new Option("--serve", "be a runner that answers what was recorded; FILE may be a .har, too")
        .env(envName("serve")),
    )
    .addOption(
      withPurpose(
        new Option("--match <how>", "how like the recorded one a request must be")
          .env(envName("match"))
          .default("loose" as const).choices(["loose", "strict"] as const),
      ),
    )
    .addOption(
      withPurpose(
        new Option("--speed <factor>", "how fast recorded time passes: 0.5x, 1x, 10x or max")
          .env(envName("speed"))
          .default(1, "1x").argParser(speed),
      ),
    )
    .addOption(
      withPurpose(
        new Option("--unsafe", "send what may change something at the origin, too")
          .env(envName("unsafe")),
      ),
    )
    .addOption(
      withPurpose(
        new Option(
          "--compare-header <name>",
          "a further header of answers to compare; may be given several times, or with commas",
        )
          .env(envName("compare-header"))
          .argParser(comparedHeaders),
      ),
    )
    .addOption(
      withPurpose(
        new Option(
          "--header <field>",
          "send 'Name: value' in place of what was recorded, 'Name:' to send none; may be given several times",
        )
          .env(envName("header"))
          .argParser(headerOverride),
      ),
    )
    .addOption(
      withPurpose(
        new Option(
          "--timeout <duration>",
          "silence of the origin, beyond what was recorded, after which a request fails",
        )
          .env(envName("timeout"))
          .default(30_000, "30s").argParser(positiveDuration),
      ),
    )
    .addOption(withPurpose(gatewayUrlOption()))
    .addOption(withPurpose(nameOption()))
    .addOption(withPurpose(tokenOption()))
    .addOption(withPurpose(tokenFileOption()))
    .addOption(withPurpose(caFileOption()))
    .addOption(withPurpose(pingIntervalOption()))
    .addOption(withPurpose(pingTimeoutOption()))
    .addOption(withPurpose(drainTimeoutOption()))
    .addOption(withPurpose(logLevelOption()))
    .addOption(withPurpose(logFormatOption()))
    .action(async (file, _, command) => {
      settle(command as unknown as UntypedCommand, replayExclusions);
      const options = command.opts();
      refuseNeedlessFlags(command as unknown as UntypedCommand, replayPurposes);
      refuseEmptyTime(options);
      const json = options.json ?? false;
      Deno.exitCode = await untilStopped(async (signal) => {
        try {
          const { stream: streams, path, since, until, frames = false } = options;
          const selected = { streams, path, since, until };
          if (options.to !== undefined) {
            const { to, speed, unsafe = false, timeout: timeoutMs, caFile } = options;
            const { compareHeader: compareHeaders = [], header: overrides = [] } = options;
            const caCerts = readCaFile(caFile);
            const sent = { to, speed, unsafe, timeoutMs, compareHeaders, overrides, caCerts, json };
            return await sendToOrigin(file, { ...selected, ...sent }, signal);
          }
          if (options.serve) return await serveCapture(file, serveSettings(options), signal);
          if (isNamedHar(file)) {
            throw new UsageError(`${file} is a HAR, which has no frames: it is for --to and --serve`);
          }
          if (options.check) return await runCheck(file, { json }, signal);
          if (options.har !== undefined) return await exportHar(file, options.har, selected, signal);
          return await showTimeline(file, { ...selected, frames, json }, signal);
        } catch (error) {
          if (error instanceof StoreError) throw new WorkError(error.message, { cause: error });
          if (!(error instanceof CaptureError || error instanceof HarError)) throw error;
          // What is no capture or HAR at all: a damaged capture is told of by the mode that reads it.
          writeError(`error: ${printable(file)}: ${error.message}\n`);
          return exitCodes.failed;
        }
      });
    });
}
