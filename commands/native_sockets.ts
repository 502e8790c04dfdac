import { Option } from "@commander-js/extra-typings";
import { useNativeCalls, useNativeSockets } from "../lib/net/mod.ts";
import type { Logger } from "../lib/telemetry/mod.ts";
import { envName } from "./common_options.ts";
import { UsageError } from "./errors.ts";

const choices = ["auto", "on", "off"] as const;

export const nativeSocketsOption = () =>
  new Option(
    "--native-sockets <when>",
    "read and write TCP by the system's own calls; auto: on Linux, unless clients, links or the origin use TLS",
  )
    .env(envName("native-sockets")).default("auto" as const).choices(choices);

/**
 * Has sockets read and written as `--native-sockets` says. To be called before the first is opened.
 *
 * @param options `usesTls`: whether some of the traffic is the runtime's in any case. A process that waits for both in turn
 *   is slower than one that waits for either.
 * @throws {UsageError} when it is `on`, and cannot be
 */
export function applyNativeSockets(
  options: { nativeSockets: (typeof choices)[number]; usesTls: boolean },
  logger: Logger,
): void {
  const { nativeSockets, usesTls } = options;
  if (nativeSockets === "off") {
    return logger.debug("sockets", { native: false, reason: "--native-sockets off" });
  }
  const wanted = nativeSockets === "on" || !usesTls;
  const problem = wanted ? useNativeSockets() : useNativeCalls();
  if (problem !== null && nativeSockets === "on") {
    throw new UsageError(`--native-sockets is on, but ${problem}: mend that, or let it be auto`);
  }
  logger.debug(
    "sockets",
    wanted && problem === null ? { native: true } : { native: false, reason: problem ?? "TLS" },
  );
}
