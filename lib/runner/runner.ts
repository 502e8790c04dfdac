import { randomBytes } from "node:crypto";
import type { StreamAnswer, WholeRequest } from "../session/mod.ts";
import { DialError } from "../net/mod.ts";
import { dialLink, LinkRefusedError, overSocket, systemClock, wallUs } from "../link/mod.ts";
import { type LinkStatus, silentLogger, type StreamStatus, TunnelMetrics } from "../telemetry/mod.ts";
import { isRunnerName, runnerNameRule } from "../protocol/mod.ts";
import type { Backend } from "./backend.ts";
import { HandlerBackend, rawHandlerOf } from "./handler_backend.ts";
import { askBackend } from "./loopback.ts";
import { OriginBackend } from "./origin_backend.ts";
import { ProbeResponder } from "./probe_responder.ts";
import { RunnerCore } from "./runner_core.ts";
import type { Dialled } from "./runner_core_options.ts";
import type { RunnerOptions, RunnerState } from "./runner_options.ts";

const defaultPingIntervalMs = 3_000;
const defaultDrainMs = 10_000;

/**
 * The end beside the origin: keeps one link to a gateway, for ever, and serves the streams that come over it.
 *
 * ```ts
 * const runner = Runner.start({
 *   gatewayUrl: new URL("ws://localhost:8080"),
 *   token,
 *   handler: { fetch: () => new Response("hello") },
 * });
 * ```
 */
export class Runner implements AsyncDisposable {
  /**
   * Settled when the runner is over: resolved after `drain` or `close`, rejected when the gateway refuses it
   * for good (a wrong token).
   */
  readonly finished: Promise<void>;
  readonly metrics: TunnelMetrics = new TunnelMetrics();
  readonly #options: RunnerOptions;
  readonly #backend: Backend;
  readonly #core: RunnerCore;

  /**
   * Begins to dial; the runner dials again whenever its link is lost.
   *
   * @throws {TypeError} when the name is none that a runner may have, or the gateway's URL is neither `ws:` nor `wss:`
   */
  static start(options: RunnerOptions): Runner {
    return new Runner(options);
  }

  private constructor(options: RunnerOptions) {
    const { name = "default", pingIntervalMs = defaultPingIntervalMs, observer, capture, onState } = options;
    if (!isRunnerName(name)) {
      throw new TypeError(`${JSON.stringify(name)} is no runner's name: ${runnerNameRule}`);
    }
    const { protocol } = options.gatewayUrl;
    if (protocol !== "ws:" && protocol !== "wss:") {
      throw new TypeError(`the gateway's URL begins with ${protocol}; accepted are ws: and wss:`);
    }
    this.#options = options;
    this.#backend = backendOf(options);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.finished = promise;
    // Whoever awaits `finished` sees the rejection; nobody has to.
    this.finished.catch(() => {});
    this.#core = new RunnerCore({
      newSessionId: () => randomBytes(16),
      name,
      agent: options.agent ?? "tunnel",
      gateway: options.gatewayUrl.host,
      backend: this.#backend,
      probes: new ProbeResponder({ backend: this.#backend, wallUs: options.wallUs ?? wallUs }),
      pingIntervalMs,
      pingTimeoutMs: options.pingTimeoutMs ?? pingIntervalMs * 10,
      clock: systemClock,
      random: Math.random,
      logger: options.logger ?? silentLogger,
      metrics: this.metrics,
      ...{ observer, capture },
      onState: onState && guarded(onState, tellerOf(options)),
      dial: (answer) => this.#dial(answer, reject),
      over: (error) => error === null ? resolve() : reject(error),
    });
    this.#core.start();
  }

  /** Streams being served. */
  get streamCount(): number {
    return this.#core.sessions.streamCount;
  }

  /** What is held for the gateway, sent or not, bytes: payload, and something for each frame. */
  get bufferedBytes(): number {
    return this.#core.sessions.bufferedBytes;
  }

  /** Whether it takes no more streams. */
  get draining(): boolean {
    return this.#core.draining;
  }

  /** The session's id towards gateways, hexadecimal. Another one once a session was given up. */
  get sessionId(): string {
    return this.#core.id;
  }

  get connected(): boolean {
    return this.#core.connected;
  }

  /** This runner's session and its link. */
  links(): LinkStatus[] {
    return this.#core.links();
  }

  /** Every stream in flight. */
  streams(): StreamStatus[] {
    return this.#core.streams();
  }

  /** Drops the link; the runner dials again and its streams go on. @returns whether there was one */
  dropLink(): boolean {
    return this.#core.dropLink();
  }

  /** Asks the origin, or the handler, once more what a client asked: the answer comes here. */
  resend(
    request: WholeRequest,
    options: { maxBodyBytes: number; signal: AbortSignal },
  ): Promise<StreamAnswer> {
    return askBackend(this.#backend, request, options);
  }

  /**
   * Asks for no more streams, lets those in flight finish, then closes.
   *
   * @param withinMs milliseconds that they may take @default 10000
   */
  async drain(withinMs: number = defaultDrainMs): Promise<void> {
    this.#core.drain(withinMs);
    await this.#over();
  }

  /** Closes at once: streams in flight are reset. */
  async close(): Promise<void> {
    this.#core.close();
    await this.#over();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #over(): Promise<void> {
    try {
      await this.finished;
    } catch (error) {
      // A refusal is told by `finished` itself; closing after it is no second failure.
      if (!(error instanceof LinkRefusedError)) throw error;
    }
  }

  /** @param broken told of what is no failure of the network but one of this program */
  #dial(answer: (dialled: Dialled) => void, broken: (error: unknown) => void): () => void {
    const { gatewayUrl, token, caCerts } = this.#options;
    const cancelled = new AbortController();
    dialLink({ gatewayUrl, token, caCerts, signal: cancelled.signal }).then(
      ({ socket, head }) =>
        answer({
          kind: "connected",
          connect: overSocket(socket, { side: "client", head }),
          start: () => socket.start(),
          abandon: () => socket.destroy(null),
        }),
      (error) => {
        if (error instanceof LinkRefusedError && error.final) answer({ kind: "refused", error });
        else if (error instanceof LinkRefusedError || error instanceof DialError) {
          answer({ kind: "failed", reason: error.message });
        } else broken(error);
      },
    );
    return () => cancelled.abort();
  }
}

/** Who is told of what the program's own code has thrown. */
function tellerOf({ onError, logger = silentLogger }: RunnerOptions): (error: unknown) => void {
  return onError ??
    ((error) =>
      logger.error("handler.failed", { reason: error instanceof Error ? error.stack : String(error) }));
}

/** `onState`, which costs no link when it throws. */
function guarded(onState: (state: RunnerState) => void, told: (error: unknown) => void) {
  return (state: RunnerState) => {
    try {
      onState(state);
    } catch (error) {
      told(error);
    }
  };
}

function backendOf(options: RunnerOptions): Backend {
  const { origin, handler, rawHandler } = options;
  const told = tellerOf(options);
  if (origin !== undefined) return new OriginBackend(origin);
  if (handler !== undefined) return new HandlerBackend(rawHandlerOf(handler), told);
  if (rawHandler !== undefined) return new HandlerBackend(rawHandler, told);
  throw new TypeError("a runner needs an origin or a handler");
}
