import { ChildProcess } from "../../support/processes.ts";
import { keep, stop } from "../running.ts";
import type { IdleSockets } from "./idle_sockets.ts";
import type { ManyRunners } from "./many_runners.ts";
import { parseSample, type Sample } from "./sample.ts";
import { parseWrk } from "./wrk.ts";

/** A generator that has not ended so long after its time is hung, milliseconds. */
const graceMs = 60_000;

/** Runs one of this folder's programs on its load and reads its sample. */
export async function runProgram(program: string, load: object): Promise<Sample> {
  const seconds = "seconds" in load && typeof load.seconds === "number" ? load.seconds : 0;
  return parseSample(await outputOf(Deno.execPath(), programArguments(program, load), seconds));
}

/** Runs `wrk` with one thread. */
export async function runWrk(load: { url: string; connections: number; seconds: number }): Promise<Sample> {
  const { url, connections, seconds } = load;
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--latency", url];
  return parseWrk(await outputOf("wrk", args, seconds));
}

/** Opens WebSockets that stay silent until the process is ended. */
export function holdIdleSockets(load: IdleSockets): Promise<ChildProcess> {
  return startProgram("idle_sockets.ts", load, /^open$/m);
}

/** Connects runners that serve until the process is ended. */
export function connectRunners(load: ManyRunners): Promise<ChildProcess> {
  return startProgram("many_runners.ts", load, /^connected$/m);
}

/** How long thousands of handshakes may take, milliseconds. */
const readyWithinMs = 120_000;

async function startProgram(program: string, load: object, ready: RegExp): Promise<ChildProcess> {
  const process = keep(
    new ChildProcess(Deno.execPath(), programArguments(program, load), { lineTimeoutMs: readyWithinMs }),
  );
  await process.line(ready);
  return process;
}

function programArguments(program: string, load: object): string[] {
  const permissions = ["--allow-net=127.0.0.1"];
  return ["run", "--quiet", ...permissions, `tests/bench/load/${program}`, JSON.stringify(load)];
}

/** wrk's version, or `null` when it is not installed. */
export function wrkVersion(): string | null {
  try {
    const { stdout, stderr } = new Deno.Command("wrk", { args: ["-v"] }).outputSync();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    return /^wrk (\S+)/m.exec(text)?.[1] ?? "unknown";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function outputOf(command: string, args: string[], seconds: number): Promise<string> {
  const process = keep(new ChildProcess(command, args));
  const timer = setTimeout(() => process.signal("SIGKILL"), seconds * 1000 + graceMs);
  try {
    const status = await process.status();
    if (!status.success) {
      const how = status.signal ?? `status ${status.code}`;
      throw new Error(`the load generator ended with ${how}: ${process.stderr || process.stdout}`);
    }
    return process.stdout;
  } finally {
    clearTimeout(timer);
    await stop(process);
  }
}
