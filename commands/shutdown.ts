import { endAtOnce } from "./end.ts";
import { exitCodes } from "./errors.ts";

/** What a long-running command does when it is told to stop. */
export interface Stoppable {
  drain(withinMs: number): Promise<void>;
}

/**
 * Waits for SIGINT or SIGTERM, for `asked`, or for `finished`, and drains. A second signal ends the process at once.
 *
 * SIGHUP is two things. Beside a terminal it says that this is closed, and ends the process as SIGTERM does. Without one
 * it comes from an operator, or a supervisor that reloads, and ends nothing.
 *
 * @returns the exit status: 130 after SIGINT, 0 otherwise
 */
export async function serveUntilStopped(
  service: Stoppable,
  options: {
    drainMs: number;
    /** Settles when the service is over by itself. */
    finished?: Promise<void>;
    /** Aborted by somebody who asks for the same without a signal. */
    asked?: AbortSignal;
    onSignal: (signal: Deno.Signal) => void;
    /** Called once signals are listened for: who is told now that the service is ready may send one. */
    ready?: () => void;
    /** SIGHUP came from elsewhere than from a terminal that was closed. */
    onHangup: () => void;
  },
): Promise<number> {
  const stopping: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM"];
  let first: Deno.Signal | null = null;
  const { promise, resolve } = Promise.withResolvers<void>();
  options.asked?.addEventListener("abort", () => resolve(), { once: true });
  const stop = (signal: Deno.Signal) => {
    if (first !== null) endAtOnce(exitCodes.interrupted);
    first = signal;
    options.onSignal(signal);
    resolve();
  };
  const listeners = stopping.map((signal) => ({ signal, listener: () => stop(signal) }));
  if (Deno.build.os !== "windows") {
    const listener = hasTerminal() ? () => stop("SIGHUP") : options.onHangup;
    listeners.push({ signal: "SIGHUP", listener });
  }
  for (const { signal, listener } of listeners) Deno.addSignalListener(signal, listener);
  options.ready?.();
  try {
    await Promise.race([promise, options.finished ?? promise]);
    if (first !== null || options.asked?.aborted) await service.drain(options.drainMs);
    return first === "SIGINT" ? exitCodes.interrupted : exitCodes.done;
  } finally {
    for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
  }
}

function hasTerminal(): boolean {
  return [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal());
}
