import { randomBytes } from "node:crypto";
import {
  CborWriter,
  encodeFrame,
  type Frame,
  frameTypes,
  type HelloFrame,
  initialWindowBytes,
  linkSubprotocol,
} from "../../lib/protocol/mod.ts";
import { FrameInbox, type FrameOf } from "./frame_inbox.ts";
import { testToken } from "./processes.ts";
import { WsClient } from "./ws_client.ts";

export interface LinkClientOptions {
  /** @default the token of the tests' gateways */
  token?: string;
  /** @default "tunnel.v1" */
  subprotocols?: string[];
}

/**
 * A runner's end of a link, driven by hand: it sends what a test tells it to, right or wrong, and answers nothing
 * by itself, not even pings.
 */
export class LinkClient implements Disposable {
  readonly ws: WsClient;
  readonly sessionId: Uint8Array = randomBytes(16);
  readonly #inbox: FrameInbox;

  private constructor(ws: WsClient, receive: { now: (bytes: Uint8Array) => void }) {
    this.ws = ws;
    this.#inbox = new FrameInbox(ws.closed);
    receive.now = (bytes) => this.#inbox.received(bytes);
  }

  /** Connects and completes the WebSocket handshake; nothing is sent yet. */
  static async open(gatewayWsUrl: string, options: LinkClientOptions = {}): Promise<LinkClient> {
    const { token = testToken, subprotocols = [linkSubprotocol] } = options;
    const early: Uint8Array[] = [];
    const receive = { now: (bytes: Uint8Array): void => void early.push(bytes) };
    const ws = await WsClient.open(`${gatewayWsUrl}/.tunnel/link`, {
      headers: token === "" ? {} : { authorization: `Bearer ${token}` },
      protocols: subprotocols,
      onMessage: ({ bytes }) => receive.now(bytes),
    });
    const client = new LinkClient(ws, receive);
    for (const bytes of early) client.#inbox.received(bytes);
    return client;
  }

  /** Connects as a runner with nothing to resume, and waits until it is welcomed. */
  static async welcomed(
    gatewayWsUrl: string,
    hello: Partial<HelloFrame> = {},
  ): Promise<{ link: LinkClient; welcome: FrameOf<typeof frameTypes.welcome> }> {
    const link = await LinkClient.open(gatewayWsUrl);
    link.send(link.hello(hello), { type: frameTypes.resume, last: true, streams: [] });
    return { link, welcome: await link.frame(frameTypes.welcome) };
  }

  /** A right hello, but for what is given. */
  hello(changes: Partial<HelloFrame> = {}): HelloFrame {
    return {
      type: frameTypes.hello,
      minVersion: 1,
      maxVersion: 1,
      sessionId: this.sessionId,
      runnerName: "default",
      agent: "a test",
      resumeGatewayId: 0,
      initialWindow: initialWindowBytes,
      ...changes,
    };
  }

  /** Sends frames as one link message. */
  send(...frames: Frame[]): void {
    const writer = new CborWriter();
    for (const frame of frames) encodeFrame(frame, writer);
    this.sendBytes(writer.view().slice());
  }

  sendBytes(bytes: Uint8Array): void {
    this.ws.socket.send(bytes);
  }

  /** All frames of one type that have come. */
  frames<T extends Frame["type"]>(type: T): FrameOf<T>[] {
    return this.#inbox.frames(type);
  }

  /** The next frame of this type that was not taken yet; fails when none comes in time. */
  frame<T extends Frame["type"]>(type: T): Promise<FrameOf<T>> {
    return this.#inbox.frame(type);
  }

  [Symbol.dispose](): void {
    this.ws.socket.terminate();
  }
}
