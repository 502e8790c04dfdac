import { promisesFollow } from "../net/mod.ts";
import { type StreamAnswer, StreamRequest, type WholeRequest } from "../session/mod.ts";
import type { Runner } from "./runner_session.ts";

/** Sends a whole request to a runner over a stream of its own, and resolves with the answer. */
export function sendWhole(
  runner: Runner,
  request: WholeRequest,
  options: { maxBodyBytes: number; signal: AbortSignal },
): Promise<StreamAnswer> {
  const { maxBodyBytes, signal } = options;
  return new Promise((resolve) => {
    const stop = () => sender.cancel(String(signal.reason));
    const sender = new StreamRequest(request, {
      maxBodyBytes,
      done: (answer) => {
        signal.removeEventListener("abort", stop);
        promisesFollow("in this turn");
        resolve(answer);
      },
    });
    sender.start(runner.open("http", sender));
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  });
}
