import { join } from "node:path";
import { type ChildProcess, tunnel } from "./processes.ts";

/** A directory of its own for one test, removed afterwards. */
export async function temporaryDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "tunnel-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Paths of the captures in a directory, sorted. */
export function captureFiles(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map((entry) => join(directory, entry.name))
    .filter((path) => path.endsWith(".tunnelcap")).sort();
}

/** Tells processes to stop, one after another, and waits for each: what they captured is written then. */
export async function stopAndWait(...processes: ChildProcess[]): Promise<void> {
  for (const process of processes) {
    process.signal("SIGTERM");
    await process.status();
  }
}

/** `tunnel replay …` to its end. */
export async function replay(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  await using process = tunnel(["replay", ...args], { env });
  const { code } = await process.status();
  return { code, stdout: process.stdout, stderr: process.stderr };
}
