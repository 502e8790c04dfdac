import { dial, type Endpoint } from "./dial.ts";
import { OriginConnection } from "./origin_connection.ts";
import { monotonicMs } from "./monotonic.ts";
import { turnMs } from "./turn.ts";

export interface OriginPoolOptions {
  endpoint: Endpoint;
  caCerts?: string[];
  connectTimeoutMs: number;
}

/** Connections kept for the next request. */
const maxIdle = 256;

/**
 * How long a connection is kept idle when the origin does not say: below the 5 s that common servers keep
 * one for, so that a request seldom meets a connection that is being closed.
 */
const idleMs = 4_000;

/** Taken off what the origin says, for the time a request takes to get there. */
const idleMarginMs = 1_000;
const sweepEveryMs = 1_000;

/** Keep-alive connections to one origin. */
export class OriginPool {
  readonly #options: OriginPoolOptions;
  /** Last used last: the warmest is taken first, the coldest ages out. */
  readonly #idle: OriginConnection[] = [];
  readonly #all = new Set<OriginConnection>();
  #sweep: ReturnType<typeof setInterval> | null = null;
  #closed = false;

  constructor(options: OriginPoolOptions) {
    this.#options = options;
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  /** A connection that was used before, or `null` when none is idle. */
  takeIdle(): OriginConnection | null {
    const now = turnMs();
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (connection.usableUntilMs > now && !connection.socket.closed) return connection;
      connection.abort();
    }
    return null;
  }

  /** @throws {DialError} when the origin cannot be reached */
  async connect(signal: AbortSignal): Promise<OriginConnection> {
    const { endpoint, caCerts, connectTimeoutMs } = this.#options;
    const conn = await dial(endpoint, { caCerts, timeoutMs: connectTimeoutMs, signal });
    if (this.#closed || signal.aborted) {
      conn.close();
      throw new Error("the pool of connections to the origin is closed");
    }
    const connection = new OriginConnection(conn, {
      idle: (idle) => this.#keep(idle),
      closed: (gone) => this.#forget(gone),
    });
    this.#all.add(connection);
    return connection;
  }

  /** Closes every connection, those in use included. */
  close(): void {
    this.#closed = true;
    this.#stopSweep();
    for (const connection of [...this.#all]) connection.socket.destroy(null);
    this.#idle.length = 0;
  }

  #keep(connection: OriginConnection): void {
    const keepMs = connection.keepAliveMs === null ? idleMs : connection.keepAliveMs - idleMarginMs;
    if (this.#closed || this.#idle.length >= maxIdle || keepMs <= 0) {
      connection.abort();
      return;
    }
    connection.usableUntilMs = turnMs() + keepMs;
    this.#idle.push(connection);
    this.#sweep ??= setInterval(() => this.#dropOld(), sweepEveryMs);
  }

  #forget(connection: OriginConnection): void {
    this.#all.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
  }

  #dropOld(): void {
    const now = monotonicMs();
    for (const connection of this.#idle.filter((idle) => idle.usableUntilMs <= now)) connection.abort();
    if (this.#idle.length === 0) this.#stopSweep();
  }

  #stopSweep(): void {
    if (this.#sweep !== null) clearInterval(this.#sweep);
    this.#sweep = null;
  }
}
