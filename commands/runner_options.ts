import { Option } from "@commander-js/extra-typings";
import { InvalidArgumentError } from "commander";
import { isRunnerName, runnerNameRule } from "../lib/protocol/mod.ts";
import { envName, resolveToken } from "./common_options.ts";
import { UsageError } from "./errors.ts";
import { gatewayUrl } from "./values.ts";

/** Flags of every command that is a runner to a gateway. */
export const gatewayUrlOption = () =>
  new Option("--gateway-url <url>", "the gateway, ws:// or wss://").env(envName("gateway-url")).argParser(
    gatewayUrl,
  );

export const nameOption = () =>
  new Option("--name <name>", "name that clients are routed by").env(envName("name")).default("default")
    .argParser(runnerName);

export const caFileOption = () =>
  new Option("--ca-file <file>", "PEM certificates to trust besides the system's, for gateway and origin")
    .env(envName("ca-file"));

/** @throws {UsageError} when it is missing */
export function neededGatewayUrl({ gatewayUrl }: { gatewayUrl?: URL }): URL {
  if (gatewayUrl !== undefined) return gatewayUrl;
  throw new UsageError("--gateway-url is missing: give the gateway's address, such as ws://example.com:8080");
}

/** @throws {UsageError} when it is missing, or cannot be read */
export function neededToken(options: { token?: string; tokenFile?: string }): string {
  const token = resolveToken(options);
  if (token !== null) return token;
  throw new UsageError("--token is missing: the gateway prints it when it starts, or was given it");
}

function runnerName(text: string): string {
  if (!isRunnerName(text)) throw new InvalidArgumentError(`A runner's name is ${runnerNameRule}.`);
  return text;
}
