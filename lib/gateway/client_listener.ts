import { acceptWithoutDelay } from "../net/mod.ts";
import type { Logger } from "../telemetry/mod.ts";
import { acceptLoop } from "./accept_loop.ts";

/** PEM texts of a certificate chain and its private key. */
export interface TlsTexts {
  cert: string;
  key: string;
}

export interface ClientListenerOptions {
  port: number;
  hostname: string;
  /** Without one, what connects does not speak TLS. */
  tls?: TlsTexts;
  serve(conn: Deno.Conn): void;
  logger: Logger;
}

/** A port that was closed is free a moment later. If it is not after so many tries, something lasting is in the way. */
const quickTries = 20;
const quickTryMs = 5;
const slowTryMs = 1_000;

/** Takes the gateway's connections. */
export class ClientListener {
  /** Where it listens. */
  readonly address: Deno.NetAddr;
  readonly #options: ClientListenerOptions;
  #listener: Deno.Listener | null;
  #accepting: Promise<void>;
  #closed = false;
  #retry: { timer: ReturnType<typeof setTimeout>; go: () => void } | null = null;

  /** @throws {Deno.errors.AddrInUse} when the port is taken; other errors of `Deno.listen` */
  constructor(options: ClientListenerOptions) {
    this.#options = options;
    const listener = listen(options, options.tls);
    this.address = listener.addr as Deno.NetAddr;
    this.#listener = listener;
    this.#accepting = this.#accept(listener);
    if (options.tls !== undefined) this.#writeWithoutDelay(listener);
  }

  /**
   * Shows another certificate to all who connect from now on; what is connected stays. The runtime cannot replace it while
   * it listens, so nobody can connect for a millisecond or two. Should the port be gone by then, it is tried for until it is back.
   *
   * @returns whether it is shown: not, when this was closed
   * @throws when TLS does not take it, and nothing has changed
   */
  async renew(tls: TlsTexts): Promise<boolean> {
    // TLS has its say before anything is given up.
    Deno.listenTls({ port: 0, hostname: "127.0.0.1", cert: tls.cert, key: tls.key }).close();
    this.#stop();
    await this.#accepting;
    await this.#begin(tls);
    return !this.#closed;
  }

  /** Takes nothing new. @returns when it listens no more, which takes a turn or two */
  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry?.timer);
    this.#retry?.go();
    this.#stop();
    return this.#accepting;
  }

  #stop(): void {
    this.#listener?.close();
    this.#listener = null;
  }

  async #begin(tls: TlsTexts): Promise<void> {
    const { logger } = this.#options;
    for (let tries = 1; !this.#closed; tries++) {
      try {
        const listener = this.#listener = listen(this.address, tls);
        this.#accepting = this.#accept(listener);
        this.#writeWithoutDelay(listener);
        if (tries > quickTries) logger.info("listen.again", { port: this.address.port });
        return;
      } catch (error) {
        const problem = `nobody can connect, it is tried on: ${
          error instanceof Error ? error.message : error
        }`;
        if (tries === quickTries) logger.error("listen.failed", { port: this.address.port, problem });
        await this.#wait(tries < quickTries ? quickTryMs : slowTryMs);
      }
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((go) => this.#retry = { timer: setTimeout(go, ms), go });
  }

  #writeWithoutDelay(listener: Deno.Listener): void {
    if (acceptWithoutDelay(listener)) return;
    const problem =
      "Nagle's algorithm cannot be turned off here: what is written may wait 40 ms for its turn";
    this.#options.logger.info("tls.delay", { problem });
  }

  #accept(listener: Deno.Listener): Promise<void> {
    const { serve, logger } = this.#options;
    return acceptLoop(listener, { serve, logger, stopped: () => this.#listener !== listener });
  }
}

function listen(
  { port, hostname }: { port: number; hostname: string },
  tls: TlsTexts | undefined,
): Deno.Listener {
  if (tls === undefined) return Deno.listen({ port, hostname });
  return Deno.listenTls({ port, hostname, cert: tls.cert, key: tls.key });
}
