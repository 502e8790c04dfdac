import type { ProbeDocument } from "../../commands/ping_probe_document.ts";
import { type ChildProcess, type ProcessOptions, testToken, tunnel } from "./processes.ts";

/** `tunnel ping-probe` against a gateway, as a process. */
export function pingProbe(gatewayUrl: string, args: string[] = [], options?: ProcessOptions): ChildProcess {
  return tunnel(["ping-probe", "--gateway-url", gatewayUrl, "--token", testToken, ...args], options);
}

export interface EndedProbe {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `tunnel ping-probe` to its end. */
export async function endedProbe(
  gatewayUrl: string,
  args: string[] = [],
  options?: ProcessOptions,
): Promise<EndedProbe> {
  await using process = pingProbe(gatewayUrl, args, options);
  const { code } = await process.status();
  return { code, stdout: process.stdout, stderr: process.stderr };
}

/** Runs it with `--json` and gives the document. */
export async function probeDocument(gatewayUrl: string, args: string[] = []): Promise<ProbeDocument> {
  const { stdout, stderr } = await endedProbe(gatewayUrl, ["--json", ...args]);
  if (stdout === "") throw new Error(`no document was printed: ${stderr}`);
  return JSON.parse(stdout);
}

/** The objects of `--ndjson`'s lines. */
export function linesOf(stdout: string): Record<string, unknown>[] {
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}
