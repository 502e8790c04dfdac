import { type ResponseHead, writeRequestHead } from "../http1/mod.ts";
import { type OriginConnection, type OriginExchange, type OriginPool, promisesFollow } from "../net/mod.ts";

/** Answers that say an origin knows no HEAD (RFC 9110, 15.5.6 and 15.6.2). */
const headNotServed = new Set([405, 501]);

export interface OriginProbeOptions {
  pool: OriginPool;
  /** Path that is asked for, and the `Host` it is asked of. */
  target: string;
  host: string;
}

/**
 * Asks the origin for a sign of life over the connections that requests use: `HEAD`, and once that is known not to
 * be served `OPTIONS`. Both are safe (RFC 9110, 9.2.1): nothing happens at the origin because of them.
 */
export class OriginProbe {
  readonly #options: OriginProbeOptions;
  #method: "HEAD" | "OPTIONS" = "HEAD";

  constructor(options: OriginProbeOptions) {
    this.#options = options;
  }

  /**
   * One request.
   *
   * @returns the status of the answer, whichever it is: an error page made the way, too
   * @throws {DialError} when the origin cannot be reached; an `Error` when it breaks off or `signal` aborts
   */
  async ask(signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const { pool } = this.#options;
    const kept = pool.takeIdle();
    let status: number;
    if (kept === null) {
      status = await this.#exchange(await pool.connect(signal), signal);
    } else {
      try {
        status = await this.#exchange(kept, signal);
      } catch (error) {
        if (!(error instanceof StaleConnectionError)) throw error;
        status = await this.#exchange(await pool.connect(signal), signal);
      }
    }
    if (this.#method === "HEAD" && headNotServed.has(status)) this.#method = "OPTIONS";
    return status;
  }

  #exchange(connection: OriginConnection, signal: AbortSignal): Promise<number> {
    const { target, host } = this.#options;
    const method = this.#method;
    const wasUsed = connection.exchanges > 0;
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        connection.abort();
        reject(signal.reason);
      };
      // The answer's time is taken behind these promises.
      const settled = () => {
        signal.removeEventListener("abort", giveUp);
        promisesFollow("in this turn");
      };
      signal.addEventListener("abort", giveUp, { once: true });
      let status = 0;
      const exchange: OriginExchange = {
        responseHead: (head: ResponseHead) => {
          status = head.status;
        },
        data() {},
        drained() {},
        responseEnd: () => {
          settled();
          resolve(status);
        },
        upgraded: (_head, socket) => {
          settled();
          socket.destroy(null);
          reject(new Error("the origin switched protocols without being asked to"));
        },
        failed: (error, begun) => {
          settled();
          reject(wasUsed && !begun ? new StaleConnectionError(error.message, { cause: error }) : error);
        },
      };
      connection.begin(exchange, method);
      writeRequestHead(connection.socket, method, target, ["Host", host, "User-Agent", "tunnel-ping-probe"]);
    });
  }
}

/** A kept connection turned out to be closed: no fault of the origin's, another is to be tried. */
class StaleConnectionError extends Error {
  override readonly name = "StaleConnectionError";
}
