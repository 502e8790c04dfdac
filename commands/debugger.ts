import { writeError } from "./output.ts";

/** How long after the signal the runtime may take to open its debugger, and how often that is looked for, milliseconds. */
const opensWithinMs = 1_000;
const lookEveryMs = 1;

/**
 * Closes the debugger that the runtime opens at SIGUSR1, as Node does, on a port of loopback and without a password: who reaches that
 * can do all that this process may, and operators send this signal to have logs opened again. It cannot be told not to open it.
 */
export function keepDebuggerClosed(): void {
  if (Deno.build.os === "windows") return;
  Deno.addSignalListener("SIGUSR1", () => void closeDebugger());
}

async function closeDebugger(): Promise<void> {
  // Asked for first: without the grant somebody at a terminal would be prompted for it.
  if (Deno.permissions.querySync({ name: "sys" }).state !== "granted") {
    return writeError(
      "warning: SIGUSR1 opens a debugger, which is not closed without the permission --allow-sys\n",
    );
  }
  // Only where it is needed: it takes a while to load.
  const inspector = await import("node:inspector");
  const untilMs = performance.now() + opensWithinMs;
  while (performance.now() < untilMs) {
    const url = inspector.url();
    if (url !== undefined) {
      inspector.close();
      const { host } = new URL(url);
      return writeError(
        `SIGUSR1 is of no use here: the debugger that the runtime opened on ${host} is closed again\n`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}
