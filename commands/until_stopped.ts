import { endAtOnce } from "./end.ts";
import { exitCodes } from "./errors.ts";

/** Runs until done or told to stop by SIGINT or SIGTERM; 130 after SIGINT. A second signal ends at once. */
export async function untilStopped(run: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM"];
  const stopping = new AbortController();
  let interrupted = false;
  const listeners = signals.map((signal) => {
    const listener = () => {
      if (stopping.signal.aborted) endAtOnce(exitCodes.interrupted);
      interrupted = signal === "SIGINT";
      stopping.abort();
    };
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  try {
    const code = await run(stopping.signal);
    return interrupted ? exitCodes.interrupted : code;
  } catch (error) {
    if (interrupted) return exitCodes.interrupted;
    throw error;
  } finally {
    for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
  }
}
