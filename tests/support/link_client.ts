import { randomBytes } from "node:crypto";
import {
  CborWriter,
  decodeFrames,
  encodeFrame,
  type Frame,
  frameName,
  frameTypes,
  type HelloFrame,
  initialWindowBytes,
  linkSubprotocol,
} from "../../lib/protocol/mod.ts";
import { testToken } from "./processes.ts";
import { eventually } from "./stack.ts";
import { WsClient } from "./ws_client.ts";

export type FrameOf<T extends Frame["type"]> = Extract<Frame, { type: T }>;

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
  /** What came so far, a list of frames for each link message. */
  readonly messages: Frame[][] = [];
  /** Size of the largest link message so far, bytes. */
  largestMessageBytes = 0;
  readonly #taken = new Map<number, number>();

  private constructor(ws: WsClient, receive: { now: (bytes: Uint8Array) => void }) {
    this.ws = ws;
    receive.now = (bytes) => this.#received(bytes);
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
    for (const bytes of early) client.#received(bytes);
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
    return this.messages.flat().filter((frame): frame is FrameOf<T> => frame.type === type);
  }

  /** The next frame of this type that was not taken yet; fails when none comes in time. */
  async frame<T extends Frame["type"]>(type: T): Promise<FrameOf<T>> {
    const at = this.#taken.get(type) ?? 0;
    this.#taken.set(type, at + 1);
    let closed: string | null = null;
    void this.ws.closed.then(({ code, reason }) => closed = `${code} "${reason}"`);
    await eventually(() => this.frames(type).length, (count) => {
      if (count <= at && closed !== null) {
        throw new Error(`the link closed with ${closed} before ${frameName(type)}`);
      }
      return count > at;
    });
    return this.frames(type)[at];
  }

  [Symbol.dispose](): void {
    this.ws.socket.terminate();
  }

  #received(bytes: Uint8Array): void {
    this.largestMessageBytes = Math.max(this.largestMessageBytes, bytes.length);
    this.messages.push(decodeFrames(bytes));
  }
}
