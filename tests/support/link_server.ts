import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import {
  CborWriter,
  encodeFrame,
  type Frame,
  frameTypes,
  type HelloFrame,
  initialWindowBytes,
  linkSubprotocol,
  type PingFrame,
  type WelcomeFrame,
} from "../../lib/protocol/mod.ts";
import { bounded } from "./bounded.ts";
import { FrameInbox, type FrameOf } from "./frame_inbox.ts";
import { eventually } from "./stack.ts";

/** A link as the gateway's end of it, driven by hand: it sends what a test tells it to, right or wrong. */
export class ServedLink {
  readonly socket: WebSocket;
  readonly #inbox: FrameInbox;
  readonly #closed: Promise<{ code: number; reason: string }>;

  constructor(socket: WebSocket, answersPings: boolean) {
    this.socket = socket;
    this.#closed = new Promise((resolve) => {
      socket.on("close", (code: number, reason: Uint8Array) => {
        resolve({ code, reason: new TextDecoder().decode(reason) });
      });
    });
    const inbox = this.#inbox = new FrameInbox(this.#closed);
    socket.on("message", (data: RawData) => {
      inbox.received(new Uint8Array(data as Uint8Array));
      if (!answersPings) return;
      for (const frame of inbox.messages.at(-1)!) if (frame.type === frameTypes.ping) this.#pong(frame);
    });
    // A broken connection is told by its close code, 1006.
    socket.on("error", () => {});
  }

  /** A right welcome, but for what is given. */
  static welcome(changes: Partial<WelcomeFrame> = {}): WelcomeFrame {
    return {
      type: frameTypes.welcome,
      version: 1,
      gatewayId: 7,
      resumed: false,
      resumeWindowMs: 0,
      initialWindow: initialWindowBytes,
      agent: "a test",
      ...changes,
    };
  }

  /** Sends frames as one link message. */
  send(...frames: Frame[]): void {
    const writer = new CborWriter();
    for (const frame of frames) encodeFrame(frame, writer);
    this.socket.send(writer.view().slice());
  }

  /** The frames of each message that has come. */
  get messages(): readonly (readonly Frame[])[] {
    return this.#inbox.messages;
  }

  /** All frames of one type that have come. */
  frames<T extends Frame["type"]>(type: T): FrameOf<T>[] {
    return this.#inbox.frames(type);
  }

  /** The next frame of this type that was not taken yet; fails when none comes in time. */
  frame<T extends Frame["type"]>(type: T): Promise<FrameOf<T>> {
    return this.#inbox.frame(type);
  }

  #pong({ sequence, sentAtUs }: PingFrame): void {
    const now = Date.now() * 1000;
    this.send({ type: frameTypes.pong, sequence, sentAtUs, receivedAtUs: now, repliedAtUs: now });
  }

  /** The code and reason that the runner closed with. */
  ended(): Promise<{ code: number; reason: string }> {
    return bounded(this.#closed, "the runner to close its link");
  }
}

/** Takes the links of real runners, and answers no hello by itself. */
export class LinkServer implements AsyncDisposable {
  readonly #http: Server;
  readonly #links: ServedLink[] = [];
  #taken = 0;

  private constructor(http: Server, answersPings: boolean) {
    this.#http = http;
    const server = new WebSocketServer({
      server: http,
      perMessageDeflate: false,
      handleProtocols: () => linkSubprotocol,
    });
    server.on("connection", (socket: WebSocket) => this.#links.push(new ServedLink(socket, answersPings)));
  }

  static async start({ answersPings = true } = {}): Promise<LinkServer> {
    const http = createServer();
    const server = new LinkServer(http, answersPings);
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** The next link that a runner opens, and its hello. */
  async link(): Promise<{ link: ServedLink; hello: HelloFrame }> {
    const at = this.#taken++;
    const link = (await eventually(() => this.#links, (links) => links.length > at))[at];
    return { link, hello: await link.frame(frameTypes.hello) };
  }

  /** The next link, welcomed rightly. */
  async welcomed(): Promise<ServedLink> {
    const { link } = await this.link();
    link.send(ServedLink.welcome(), { type: frameTypes.resume, last: true, streams: [] });
    return link;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#links) socket.terminate();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}
