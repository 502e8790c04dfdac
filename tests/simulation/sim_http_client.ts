import type { ClientResponse, ClientSocket } from "../../lib/gateway/exchange_options.ts";
import { HttpExchange } from "../../lib/gateway/http_exchange.ts";
import { type ClientContext, headersOf } from "./client_context.ts";
import type { Timer } from "./schedule.ts";
import { Violation } from "./watcher.ts";

/**
 * A client's HTTP request at the gateway: the client, its connection and the answer it gets, around the gateway's own
 * `HttpExchange`.
 */
export class SimHttpClient {
  readonly exchange: HttpExchange;
  readonly #of: ClientContext;
  #paused = false;
  #requestEnded = false;
  #responseEnded = false;
  #talking: Timer | null = null;
  #congested = false;

  constructor(of: ClientContext) {
    this.#of = of;
    const { conversation, context, runner } = of;
    const { method, hasBody } = conversation.script;
    this.exchange = new HttpExchange({
      ...{ context, runner, hasBody, response: this.#response(), socket: this.#socket() },
      connection: {
        pauseReading: () => this.#paused = true,
        resumeReading: () => {
          this.#paused = false;
          this.#talkOn();
        },
        responseDone: () => this.#answered(),
        destroy: () => this.#over(),
      },
      head: { method, target: "/", minorVersion: 1, headers: headersOf(conversation) },
      client: { address: "client", secure: false },
    });
  }

  start(): void {
    const { abortsAfterMs, hasBody } = this.#of.conversation.script;
    this.exchange.start();
    if (hasBody) this.#talkOn();
    if (abortsAfterMs !== null) this.#of.process.after(abortsAfterMs, () => this.#abort());
  }

  #socket(): ClientSocket {
    const isCongested = () => this.#congested;
    return {
      handler: { data() {}, drained() {}, ended() {}, closed() {} },
      get congested() {
        return isCongested();
      },
      pause() {},
      resume() {},
      write() {},
      flush() {},
      end() {},
      destroy() {},
    };
  }

  #response(): ClientResponse {
    const response: ClientResponse & { started: boolean } = {
      started: false,
      // Its bodies are of no length that a head tells.
      isWhole: false,
      status: 0,
      keepAlive: true,
      closeAfter() {},
      start(status) {
        response.started = true;
        response.status = status;
      },
      chunk: (bytes) => {
        this.#of.conversation.current.bodyAtClient(bytes);
        this.#stall();
      },
      end: () => this.#responseEnded = true,
      problem({ status }) {
        response.started = true;
        response.status = status;
      },
    };
    return response;
  }

  #answered(): void {
    const { current } = this.#of.conversation;
    if (this.#responseEnded && current.nextAtClient < current.replies.count) {
      throw new Violation(`${current.name}: the response ended after ${current.nextAtClient} letters`);
    }
    this.#over();
  }

  #over(): void {
    this.#talking?.cancel();
    this.#talking = null;
    this.#requestEnded = true;
  }

  #talkOn(): void {
    if (this.#talking !== null || this.#requestEnded) return;
    const { process, random, conversation } = this.#of;
    this.#talking = process.after(random.between(0, conversation.script.pauseMs), () => {
      this.#talking = null;
      this.#talk();
    });
  }

  #talk(): void {
    const { conversation } = this.#of;
    const { letters, script } = conversation;
    for (let i = 0; i < script.burst && !this.#paused && !this.#requestEnded; i++) {
      const number = conversation.sent;
      if (number === letters.count) {
        this.#requestEnded = true;
        this.exchange.requestEnd([]);
        return;
      }
      conversation.sent++;
      const lent = new Uint8Array(letters.get(number).bytes);
      this.exchange.data(lent);
      // The real connection reads into the same buffer again.
      lent.fill(0xee);
    }
    if (!this.#paused) this.#talkOn();
  }

  #stall(): void {
    const { random, process, conversation } = this.#of;
    const { stallChance, stallMs } = conversation.script;
    if (this.#congested || !random.chance(stallChance)) return;
    this.#congested = true;
    process.after(random.between(0, stallMs), () => {
      this.#congested = false;
      this.exchange.drained();
    });
  }

  #abort(): void {
    this.#over();
    this.exchange.clientGone();
  }
}
