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

/** A port that was closed is free a moment later. If it is not within so many tries, somebody else has it. */
const mostTries = 20;
const tryAgainMs = 5;

/** Takes the gateway's connections. */
export class ClientListener {
  /** Where it listens. */
  readonly address: Deno.NetAddr;
  readonly #options: ClientListenerOptions;
  #tls: TlsTexts | undefined;
  #listener: Deno.Listener | null;
  #accepting: Promise<void>;
  #closed = false;

  /** @throws {Deno.errors.AddrInUse} when the port is taken; other errors of `Deno.listen` */
  constructor(options: ClientListenerOptions) {
    const { tls, logger } = this.#options = options;
    this.#tls = tls;
    const listener = this.#listener = listen(options, tls);
    this.address = listener.addr as Deno.NetAddr;
    if (tls !== undefined && !acceptWithoutDelay(listener)) {
      const problem =
        "Nagle's algorithm cannot be turned off here: what is written may wait 40 ms for its turn";
      logger.info("tls.delay", { problem });
    }
    this.#accepting = this.#accept(listener);
  }

  /**
   * Shows another certificate to all who connect from now on; what is connected stays. The runtime cannot replace it while
   * it listens, so nobody can connect for a millisecond or two.
   *
   * @throws when TLS does not take it: the one of before is shown on
   * @throws {Deno.errors.AddrInUse} when somebody else has the port by now: nobody can connect until a later call
   */
  async renew(tls: TlsTexts): Promise<void> {
    this.#stop();
    await this.#accepting;
    try {
      await this.#begin(tls);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) await this.#begin(this.#tls);
      throw error;
    }
  }

  /** Takes nothing new. @returns when it listens no more, which takes a turn or two */
  close(): Promise<void> {
    this.#closed = true;
    this.#stop();
    return this.#accepting;
  }

  #stop(): void {
    this.#listener?.close();
    this.#listener = null;
  }

  async #begin(tls: TlsTexts | undefined): Promise<void> {
    for (let tries = 1; !this.#closed; tries++) {
      try {
        const listener = this.#listener = listen(this.address, tls);
        acceptWithoutDelay(listener);
        this.#tls = tls;
        this.#accepting = this.#accept(listener);
        return;
      } catch (error) {
        if (!(error instanceof Deno.errors.AddrInUse) || tries === mostTries) throw error;
        await new Promise((resolve) => setTimeout(resolve, tryAgainMs));
      }
    }
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
