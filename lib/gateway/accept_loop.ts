import type { Logger } from "../telemetry/mod.ts";

/** After a failure that may last: too many open files, mostly, which the next moment may mend. */
const acceptAgainMs = 50;

export interface AcceptLoopOptions {
  serve(conn: Deno.Conn): void;
  /** Whether the listener was closed, so that a failure is the end. */
  stopped(): boolean;
  logger: Logger;
  /** @default a timer */
  wait?: (ms: number) => Promise<void>;
}

/** Takes connections until the listener is closed. */
export async function acceptLoop(
  listener: Pick<Deno.Listener, "accept">,
  { serve, stopped, logger, wait = after }: AcceptLoopOptions,
): Promise<void> {
  while (true) {
    let conn: Deno.Conn;
    try {
      conn = await listener.accept();
    } catch (error) {
      if (stopped() || error instanceof Deno.errors.BadResource) return;
      const reason = error instanceof Error ? error.message : String(error);
      if (isOfClient(error)) {
        logger.debug("accept.failed", { reason });
        continue;
      }
      logger.warn("accept.failed", { reason });
      await wait(acceptAgainMs);
      continue;
    }
    serve(conn);
  }
}

/**
 * Whether a client gave up before it was accepted, as port scans and the health checks of load balancers do. Nobody else
 * may have to wait for that.
 */
function isOfClient(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected || error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.ConnectionReset;
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
