import { endAtOnce } from "./end.ts";
import { exitCodes } from "./errors.ts";

/** What a long-running command does when it is told to stop. */
export interface Stoppable {
  drain(withinMs: number): Promise<void>;
}

/**
 * Waits for SIGINT or SIGTERM, for `asked`, or for `finished`, and drains. A second signal ends the process at once.
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
  },
): Promise<number> {
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM"];
  let first: Deno.Signal | null = null;
  const { promise, resolve } = Promise.withResolvers<void>();
  options.asked?.addEventListener("abort", () => resolve(), { once: true });
  const listeners = signals.map((signal) => {
    const listener = () => {
      if (first !== null) endAtOnce(exitCodes.interrupted);
      first = signal;
      options.onSignal(signal);
      resolve();
    };
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  try {
    await Promise.race([promise, options.finished ?? promise]);
    if (first !== null || options.asked?.aborted) await service.drain(options.drainMs);
    return first === "SIGINT" ? exitCodes.interrupted : exitCodes.done;
  } finally {
    for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
  }
}
