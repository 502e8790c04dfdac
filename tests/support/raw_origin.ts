import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { eventually } from "./stack.ts";

/** An origin that says what a test tells it to, byte for byte and each piece in a write of its own. */
export class RawOrigin implements AsyncDisposable {
  /** Sockets that a request's head has come on, by its target. */
  readonly #asked = new Map<string, Socket>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<RawOrigin> {
    const server = createServer({ noDelay: true });
    const origin = new RawOrigin(server);
    server.on("connection", (socket) => origin.#connected(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return origin;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The connection that a request for `target` came on, once it has. */
  async asked(target: string): Promise<Socket> {
    return (await eventually(() => this.#asked.get(target), (socket) => socket !== undefined))!;
  }

  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    // A runner that is ended breaks its connections off.
    socket.on("error", () => socket.destroy());
    let text = "";
    socket.on("data", (bytes) => {
      text += new TextDecoder("latin1").decode(bytes);
      const match = /^[A-Z]+ (\S+) HTTP\/1\.1\r\n[^]*?\r\n\r\n/m.exec(text);
      if (match === null) return;
      text = "";
      this.#asked.set(match[1], socket);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
