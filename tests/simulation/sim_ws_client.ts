import { Buffer } from "node:buffer";
import type { ClientResponse, ClientSocket, ClientWebSocket } from "../../lib/gateway/exchange_options.ts";
import { WsExchange } from "../../lib/gateway/ws_exchange.ts";
import { messagesOf } from "../../lib/protocol/mod.ts";
import type { WebSocketHandler } from "../../lib/net/mod.ts";
import { keptPayloadBytes } from "../../lib/session/mod.ts";
import { type ClientContext, headersOf } from "./client_context.ts";
import type { Outcome } from "./conversation.ts";
import type { Letter } from "./letters.ts";
import { Violation } from "./watcher.ts";
import { WsPeer, type WsPeerHandler } from "./ws_peer.ts";

/** A client's WebSocket at the gateway: the client and its connection, around the gateway's own `WsExchange`. */
export class SimWsClient implements WsPeerHandler {
  readonly exchange: WsExchange;
  readonly #of: ClientContext;
  #peer: WsPeer | null = null;
  #handler: WebSocketHandler | null = null;
  #clientClosed = false;
  #aborted = false;
  #gone = false;
  #refused = false;
  /** Why the gateway closed, when it did. */
  #closedWith: { code: number | null; reason: string } | null = null;

  constructor(of: ClientContext) {
    this.#of = of;
    const { conversation, context, runner } = of;
    this.exchange = new WsExchange({
      ...{ context, runner, response: this.#response(), socket: this.#socket() },
      head: { method: "GET", target: "/", minorVersion: 1, headers: headersOf(conversation) },
      client: { address: "client", secure: false },
      early: new Uint8Array(0),
      connect: (handler) => this.#connect(handler),
      linger: () => this.#drop(),
      closed: () => {},
    });
  }

  start(): void {
    const { abortsAfterMs } = this.#of.conversation.script;
    this.exchange.start();
    if (abortsAfterMs !== null) this.#of.process.after(abortsAfterMs, () => this.#abort());
  }

  // ── WsPeerHandler: what the client does ──

  part({ bytes, final }: Letter): void {
    const lent = new Uint8Array(bytes);
    this.#handler!.part(true, lent, final);
    // As the real connection does with all but small parts, which are the handler's to keep.
    if (lent.length > keptPayloadBytes) lent.fill(0xee);
    this.#clientLooks();
  }

  messages(letters: Letter[]): void {
    const lent = Buffer.concat(letters.map(({ bytes }) => bytes));
    this.#handler!.messages!(true, letters.map(({ bytes }) => bytes.length), lent);
    if (lent.length > keptPayloadBytes) lent.fill(0xee);
    this.#clientLooks();
  }

  closing(code: number): void {
    this.#handler!.closing(code, "");
  }

  drained(): void {
    this.exchange.drained();
  }

  closed(): void {
    this.#gone = true;
    const { conversation } = this.#of;
    this.exchange.closed(true);
    if (conversation.outcome !== null) return;
    const { code, reason } = this.#closedWith ?? { code: null, reason: "" };
    if (this.#aborted) conversation.finish({ kind: "aborted" });
    else if (code === 1012) conversation.finish(this.#goneFor(reason));
    else if (code === 1013) conversation.finish({ kind: "shed" });
    else this.#completed();
  }

  // ── private ──

  /** The gateway closes with 1012 when nobody came back, and when a woken origin does not want the client any more. */
  #goneFor(reason: string): { kind: "lost"; reason: string } | { kind: "origin" } {
    return reason.includes("refused") ? { kind: "origin" } : { kind: "lost", reason };
  }

  #completed(): void {
    const { conversation } = this.#of;
    const { script, current, name } = conversation;
    if (this.#closedWith === null && !this.#clientClosed) {
      // Broken off without a close, as only an origin that breaks off makes the gateway do.
      if (script.failsAfterMs === null) {
        throw new Violation(`${name}: the connection broke off for no reason`);
      }
      return conversation.finish({ kind: "origin" });
    }
    if (this.#clientClosed) return conversation.finish({ kind: "completed" });
    if (!current.heardAll) throw new Violation(`${name} closed before the origin had all`);
    if (current.nextAtClient < script.originLetters) {
      throw new Violation(`${name} closed before the client had all`);
    }
    conversation.finish({ kind: "completed" });
  }

  #connect(handler: WebSocketHandler): ClientWebSocket {
    const { conversation, process, random } = this.#of;
    const { script, letters } = conversation;
    this.#handler = handler;
    const peer = new WsPeer({
      ...script,
      ...{ process, random, handler: this, letters },
      from: 0,
      told: (count) => conversation.sent = count,
    });
    this.#peer = peer;
    return {
      get closeSent() {
        return peer.closeSent;
      },
      get inMessage() {
        return peer.inMessage;
      },
      set together(together: boolean) {
        peer.together = together;
      },
      readHead: () => {
        peer.start();
        this.#clientLooks();
      },
      sendPart: (_binary, bytes, final) => {
        if (peer.closeSent) return;
        conversation.current.atClient({ bytes, final });
        peer.sentPart(final);
        this.#clientLooks();
      },
      sendMessages: (binary, sizes, bytes) => {
        for (const letter of messagesOf({ binary, sizes, bytes })) {
          if (peer.closeSent) return;
          conversation.current.atClient(letter);
          conversation.current.cameTogether++;
          peer.sentPart(true);
        }
        this.#clientLooks();
      },
      pause: () => peer.pause(),
      resume: () => peer.resume(),
      close: (code, reason = "") => {
        this.#closedWith ??= { code, reason };
        peer.close(code ?? 1005);
      },
      breakOff: () => peer.destroy(),
    };
  }

  #socket(): ClientSocket {
    const isCongested = () => this.#peer?.congested ?? false;
    return {
      handler: { data() {}, drained() {}, ended() {}, closed() {} },
      get congested() {
        return isCongested();
      },
      pause() {},
      resume() {},
      write() {},
      flush() {},
      end: () => this.#drop(),
      destroy: () => this.#drop(),
    };
  }

  /** A refusal, or an error of the gateway's own: the upgrade is answered with a response instead. */
  #response(): ClientResponse {
    const response: ClientResponse & { started: boolean } = {
      started: false,
      // Its bodies are of no length that a head tells.
      isWhole: false,
      status: 0,
      keepAlive: true,
      closeAfter() {},
      start: (status) => {
        response.started = true;
        response.status = status;
        this.#refused = true;
      },
      chunk() {},
      end: () => this.#finish({ kind: "origin" }),
      problem({ status }) {
        response.started = true;
        response.status = status;
      },
    };
    return response;
  }

  /** The connection is closed before, or instead of, a WebSocket. */
  #drop(): void {
    if (this.#peer !== null) return this.#peer.destroy();
    if (this.#gone) return;
    this.#gone = true;
    this.#of.process.after(0, () => {
      this.exchange.closed(true);
      // A refusal of which the head had come, and no more.
      if (this.#refused) this.#finish({ kind: "lost", reason: "the refusal broke off" });
    });
  }

  #finish(outcome: Outcome): void {
    const { conversation } = this.#of;
    if (conversation.outcome === null) conversation.finish(outcome);
  }

  /** The client closes once it has said and heard everything, if that is its part. */
  #clientLooks(): void {
    const { conversation, process, random } = this.#of;
    const { script, current } = conversation;
    const peer = this.#peer;
    if (script.closer === "origin" || this.#clientClosed || peer === null) return;
    if (!peer.saidAll || current.nextAtClient < current.replies.count) return;
    this.#clientClosed = true;
    process.after(random.between(0, script.pauseMs), () => peer.partyCloses(1000));
  }

  #abort(): void {
    if (this.#of.conversation.outcome !== null) return;
    this.#aborted = true;
    this.#drop();
    if (this.#peer === null) this.#finish({ kind: "aborted" });
  }
}
