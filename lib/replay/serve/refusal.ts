import type { RawHeaders } from "../../http1/mod.ts";
import type { Asked, Found, Recording } from "./recordings.ts";

/** A request that no recorded answer is given to. */
export type Refused = Exclude<Found, { kind: "found" }>;

/** What a client is told, in words. */
export interface RefusalWords {
  /** Stands in the body and in `X-Tunnel-Error`, as the gateway's own errors have it. */
  code: "not_recorded" | "not_whole" | "used_up";
  message: string;
  /** What was recorded that is most like it. */
  nearest: { method: string; target: string; status: number | null; stream: string } | null;
}

export function wordsOf(asked: Asked, refused: Refused): RefusalWords {
  const what = nameOf(asked);
  switch (refused.kind) {
    case "not-recorded": {
      const { nearest } = refused;
      const hint = nearest === null
        ? "Nothing was recorded at all."
        : `The nearest that was is ${nameOf(nearest.exchange)}.`;
      return {
        code: "not_recorded",
        message: `${what} was not recorded. ${hint}`,
        nearest: entryOf(nearest),
      };
    }
    case "not-whole": {
      const { recording } = refused;
      const message = `${what} was recorded, but cannot be answered: ${recording.problem}.`;
      return { code: "not_whole", message, nearest: entryOf(recording) };
    }
    case "used-up": {
      const { recording, times } = refused;
      const count = times === 1 ? "once" : `${times} times`;
      const message =
        `${what} was recorded ${count}, and has been asked for more often (matching is strict).`;
      return { code: "used_up", message, nearest: entryOf(recording) };
    }
  }
}

/** The 501 that says so, as the gateway writes errors of its own. */
export function refusalOf(asked: Asked, refused: Refused): {
  status: number;
  reason: string;
  headers: RawHeaders;
  body: ReadableStream<Uint8Array> | null;
} {
  const { code, message, nearest } = wordsOf(asked, refused);
  const bytes = new TextEncoder().encode(JSON.stringify({ error: code, message, nearest }) + "\n");
  const headers = [
    ...["Content-Type", "application/json; charset=utf-8", "Content-Length", String(bytes.length)],
    ...["Cache-Control", "no-store", "X-Tunnel-Error", code],
    ...(nearest === null ? [] : ["X-Tunnel-Nearest", `${nearest.method} ${nearest.target}`]),
  ];
  const body = asked.method === "HEAD" ? null : new Blob([bytes]).stream();
  return { status: 501, reason: "Not Implemented", headers, body };
}

function nameOf({ kind, method, target }: Asked): string {
  return kind === "websocket" ? `a WebSocket at ${target}` : `${method} ${target}`;
}

function entryOf(recording: Recording | null): RefusalWords["nearest"] {
  if (recording === null) return null;
  const { method, target, answer, id } = recording.exchange;
  return { method, target, status: answer?.status ?? null, stream: id };
}
