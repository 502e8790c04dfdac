import type { StreamAnswer, WholeRequest } from "../session/mod.ts";
import type { LinkStatus, StreamStatus, TunnelMetrics } from "../telemetry/mod.ts";

/** What the admin server looks at, and what it may do: a gateway, or a runner. */
export interface Inspected {
  readonly side: "gateway" | "runner";
  /** Program and version. */
  readonly agent: string;
  /** Where clients reach the gateway, such as `http://localhost:8080/`. */
  readonly url: string;
  readonly metrics: TunnelMetrics;
  readonly bufferedBytes: number;
  readonly draining: boolean;
  /** When the certificate that clients are shown expires, milliseconds since 1970; `null` where there is none. */
  readonly certificateEndsMs: number | null;
  links(): LinkStatus[];
  streams(): StreamStatus[];
  /** Drops the link that carries a session. @returns whether there was one */
  dropLink(id: string): boolean;
  /** Ends the process in good order. */
  drain(): void;
  /** Sends a recorded request once more. `null`: nobody is there to take it. */
  resend(
    request: WholeRequest & { runner: string; client: string },
    options: { maxBodyBytes: number; signal: AbortSignal },
  ): Promise<StreamAnswer> | null;
}
