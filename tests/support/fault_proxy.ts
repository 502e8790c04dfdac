import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { bounded } from "./bounded.ts";
import { type Conditions, FaultPipe } from "./fault_pipe.ts";

/** `up`: from who dialled the proxy (the runner) to its target (the gateway); `down`: the way back. */
export type Direction = "up" | "down";

/** A way to lose a connection. `rst`: reset on both sides; `silence`: nothing passes, both sockets stay open. */
export type Loss = "rst" | "silence";

/** Sees the bytes of one connection as they pass, in the order they do; they must not be changed. */
export type Tap = (direction: Direction, bytes: Uint8Array) => void;

const directions: Direction[] = ["up", "down"];

/** One TCP connection through a {@link FaultProxy}: both of its sockets and both directions. */
export class FaultLink {
  readonly #sockets: [Socket, Socket];
  readonly #pipes: Record<Direction, FaultPipe>;
  #open = true;

  constructor(
    sockets: { near: Socket; far: Socket },
    options: { conditions: Conditions; random: () => number; tap?: Tap; closed: () => void },
  ) {
    const { near, far } = sockets;
    const { conditions, random, tap } = options;
    this.#sockets = [near, far];
    const pipe = (direction: Direction, source: Socket, sink: Socket) =>
      new FaultPipe({ source, sink }, { conditions, random, tap: tap && ((bytes) => tap(direction, bytes)) });
    this.#pipes = { up: pipe("up", near, far), down: pipe("down", far, near) };
    let closedSockets = 0;
    for (const socket of this.#sockets) {
      // An error is followed by `close`, which is where both sides end.
      socket.on("error", () => this.cut());
      socket.on("close", () => {
        if (++closedSockets < 2) return;
        this.#end();
        options.closed();
      });
    }
  }

  /** Whether neither this proxy nor an end has given it up. */
  get open(): boolean {
    return this.#open;
  }

  /** Bytes that have passed so far. */
  passedBytes(direction: Direction): number {
    return this.#pipes[direction].passedBytes;
  }

  /** Resets the connection towards both ends (RST): what was on its way is lost. */
  cut(): void {
    if (!this.#open) return;
    this.#end();
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Lets nothing through any more, without telling either end: a cable that was pulled. */
  silence(which: Direction | "both" = "both"): void {
    for (const direction of picked(which)) this.#pipes[direction].silence();
  }

  /** Ends a {@link silence}: what waited goes through, nothing was lost. */
  speak(which: Direction | "both" = "both"): void {
    for (const direction of picked(which)) this.#pipes[direction].speak();
  }

  lose(loss: Loss): void {
    if (loss === "rst") this.cut();
    else this.silence();
  }

  /** {@link lose}s the connection after exactly `bytes` more have passed in `direction`. */
  loseAfter(bytes: number, options: { direction: Direction; loss: Loss }): void {
    this.#pipes[options.direction].after(bytes, () => this.lose(options.loss));
  }

  /**
   * After `bytes` more have passed in `direction`, takes what follows and throws it away: its sender has TCP's
   * word that it was delivered. The other direction goes on.
   */
  dropAfter(bytes: number, direction: Direction): void {
    const pipe = this.#pipes[direction];
    pipe.after(bytes, () => pipe.drop());
  }

  /** Ends one direction with a FIN; the other goes on. */
  halfClose(direction: Direction): void {
    this.#pipes[direction].end();
  }

  #end(): void {
    this.#open = false;
    for (const direction of directions) this.#pipes[direction].stop();
  }
}

export interface FaultProxyOptions {
  /** Where the target is. @default "127.0.0.1" */
  hostname?: string;
  /** Uniform in [0, 1): draws the jitter. @default Math.random */
  random?: () => number;
  /** Called for each connection; what it returns sees the connection's bytes. */
  tap?: () => Tap;
}

/**
 * A TCP proxy that stands between a runner and its gateway, in the test's own process, and breaks what passes.
 * It forwards faithfully until it is told otherwise; everything can be changed while connections are open.
 *
 * ```ts
 * await using proxy = await FaultProxy.start(gateway.port);
 * await using runner = await startRunner(proxy.wsUrl, origin.url);
 * proxy.cut();                                                  // RST on every link
 * await proxy.accepted(2);                                      // the runner has dialled again
 * proxy.links()[0].silence();                                   // black hole: open, but nothing passes
 * proxy.setConditions({ delayMs: 40, jitterMs: 10 });           // from now on, for old and new links
 * proxy.setConditions({ bytesPerSecond: 100_000 });
 * proxy.links()[0].loseAfter(500, { direction: "down", loss: "rst" });
 * proxy.refuse(true);                                           // new connections are reset at once
 * ```
 */
export class FaultProxy implements AsyncDisposable {
  readonly #server: Server;
  #target: { port: number; hostname: string };
  readonly #options: FaultProxyOptions;
  readonly #links = new Set<FaultLink>();
  readonly #conditions: Conditions = { delayMs: 0, jitterMs: 0, bytesPerSecond: Infinity };
  #refusing = false;
  #silencingNew = false;
  #accepted = 0;
  #refused = 0;
  #waiters: { accepted: number; resolve: () => void }[] = [];

  private constructor(
    target: { port: number; hostname: string },
    options: FaultProxyOptions & { server: Server },
  ) {
    this.#target = target;
    this.#server = options.server;
    this.#options = options;
    this.#server.on("connection", (near: Socket) => this.#connection(near));
  }

  /**
   * Listens on a free port of 127.0.0.1.
   *
   * @param port of the target
   */
  static async start(port: number, options: FaultProxyOptions = {}): Promise<FaultProxy> {
    const { hostname = "127.0.0.1" } = options;
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    return new FaultProxy({ port, hostname }, { ...options, server });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `ws://` URL of this proxy, for `--gateway-url`. */
  get wsUrl(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** Connections that reached the target so far, those long gone included. */
  get acceptedCount(): number {
    return this.#accepted;
  }

  /** Connections turned away so far. */
  get refusedCount(): number {
    return this.#refused;
  }

  /** Connections open now, oldest first. */
  links(): FaultLink[] {
    return [...this.#links].filter((link) => link.open);
  }

  /** Waits until `count` connections in all have reached the target; fails when they do not in time. */
  accepted(count: number): Promise<void> {
    if (this.#accepted >= count) return Promise.resolve();
    const reached = new Promise<void>((resolve) => this.#waiters.push({ accepted: count, resolve }));
    return bounded(reached, `connection ${count} through the proxy`);
  }

  /** {@link FaultLink.lose | Loses} every connection that is open; new ones are served. */
  cut(loss: Loss = "rst"): void {
    for (const link of this.links()) link.lose(loss);
  }

  /** Black hole for everybody: connections are taken and nothing passes, until {@link speak}. */
  silence(): void {
    this.#silencingNew = true;
    for (const link of this.links()) link.silence();
  }

  speak(): void {
    this.#silencingNew = false;
    for (const link of this.links()) link.speak();
  }

  /** Whether new connections are reset as soon as they are made. Open ones stay. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
  }

  /** Sends new connections to another port, as a load balancer would; open ones stay where they are. */
  retarget(port: number): void {
    this.#target = { ...this.#target, port };
  }

  /** Changes delay, jitter and rate for open and new connections; what is not named stays. */
  setConditions(conditions: Partial<Conditions>): void {
    Object.assign(this.#conditions, conditions);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#links) link.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #connection(near: Socket): void {
    if (this.#refusing) {
      this.#refused++;
      near.resetAndDestroy();
      return;
    }
    const { port, hostname } = this.#target;
    const far = connect({ port, host: hostname, allowHalfOpen: true, noDelay: true });
    const link = new FaultLink({ near, far }, {
      conditions: this.#conditions,
      random: this.#options.random ?? Math.random,
      tap: this.#options.tap?.(),
      closed: () => this.#links.delete(link),
    });
    if (this.#silencingNew) link.silence();
    this.#links.add(link);
    far.once("connect", () => this.#connected());
  }

  #connected(): void {
    this.#accepted++;
    const reached = this.#waiters.filter((waiter) => waiter.accepted <= this.#accepted);
    this.#waiters = this.#waiters.filter((waiter) => waiter.accepted > this.#accepted);
    for (const waiter of reached) waiter.resolve();
  }
}

function picked(which: Direction | "both"): Direction[] {
  return which === "both" ? directions : [which];
}
