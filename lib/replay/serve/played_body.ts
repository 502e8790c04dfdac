import type { CapturedBody } from "../../capture/mod.ts";
import type { Pace } from "./pace.ts";

/**
 * A recorded body as a stream: each part when it came, counted from the moment this is called.
 *
 * @param headUs when the head before it came, in recorded time
 * @returns `null` for a body without bytes
 */
export function playedBody(
  body: CapturedBody,
  headUs: number,
  pace: Pace,
): ReadableStream<Uint8Array> | null {
  if (body.length === 0) return null;
  const startMs = pace.now();
  const gone = new AbortController();
  let next = 0;
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const part = body.parts[next++];
      await pace.since(startMs, (part?.timeUs ?? body.endedAtUs ?? headUs) - headUs, gone.signal);
      if (part === undefined) controller.close();
      else controller.enqueue(part.bytes.read());
    },
    cancel: (reason) => gone.abort(reason),
  }, { highWaterMark: 0 });
}
