import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import {
  CborWriter,
  decodeFrames,
  encodeFrame,
  type Frame,
  frameTypes,
  initialWindowBytes,
  linkSubprotocol,
  type PingFrame,
} from "../../lib/protocol/mod.ts";
import { eventually } from "./stack.ts";

/**
 * A gateway's end of a link, driven by hand: it welcomes any runner with a new session and then does nothing by itself,
 * not even answer pings.
 */
export class GatewayByHand implements AsyncDisposable {
  /** Pings of the runner that no test has taken. */
  readonly #pings: PingFrame[] = [];
  readonly #server: Server;
  #socket: WebSocket | null = null;

  private constructor(server: Server) {
    this.#server = server;
    const sockets = new WebSocketServer({
      server,
      perMessageDeflate: false,
      handleProtocols: () => linkSubprotocol,
    });
    sockets.on("connection", (socket: WebSocket, _request: IncomingMessage) => {
      this.#socket = socket;
      socket.on("message", (data: Uint8Array) => {
        for (const frame of decodeFrames(new Uint8Array(data))) this.#received(frame);
      });
    });
  }

  static async start(): Promise<GatewayByHand> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new GatewayByHand(server);
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The runner's next ping. */
  async ping(): Promise<PingFrame> {
    await eventually(() => this.#pings.length, (count) => count > 0);
    return this.#pings.shift()!;
  }

  send(...frames: Frame[]): void {
    const writer = new CborWriter();
    for (const frame of frames) encodeFrame(frame, writer);
    this.#socket?.send(writer.view().slice());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #received(frame: Frame): void {
    if (frame.type === frameTypes.ping) this.#pings.push(frame);
    if (frame.type !== frameTypes.resume || !frame.last) return;
    this.send(
      {
        type: frameTypes.welcome,
        version: 1,
        gatewayId: 1,
        resumed: false,
        resumeWindowMs: 30_000,
        initialWindow: initialWindowBytes,
        agent: "a test",
      },
      { type: frameTypes.resume, last: true, streams: [] },
    );
  }
}
