import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { bounded } from "./bounded.ts";
import { Ledger, type LedgerReport, numbered } from "./ledger.ts";
import { WsClient } from "./ws_client.ts";

export interface LedgerClientOptions {
  /** Names the origin's books. */
  id: string;
  /** Makes the messages of one client differ from another's. @default 0 */
  seed?: number;
  /** Time between two numbers, of either side, milliseconds. @default 20 */
  paceMs?: number;
  /** The origin sends no numbers of its own. */
  quietOrigin?: boolean;
}

/** Both directions of a WebSocket of numbers, as its two ends have them in their books. */
export interface LedgerBalance {
  up: LedgerReport;
  down: LedgerReport;
}

interface OriginReport extends LedgerReport {
  sent: number;
  sentSha256: string;
}

/** A client of the origin that keeps books: sends numbers, takes down those that come, and compares at the end. */
export class LedgerClient implements Disposable {
  readonly ws: WsClient;
  readonly received: Ledger;
  readonly #seed: number;
  readonly #hash = createHash("sha256");
  readonly #report: Promise<OriginReport>;
  #sent = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(
    ws: WsClient,
    books: { received: Ledger; report: Promise<OriginReport>; seed: number },
  ) {
    this.ws = ws;
    this.received = books.received;
    this.#report = books.report;
    this.#seed = books.seed;
  }

  static async open(gatewayWsUrl: string, options: LedgerClientOptions): Promise<LedgerClient> {
    const { id, seed = 0, paceMs = 20, quietOrigin = false } = options;
    const received = new Ledger();
    const { promise: report, resolve } = Promise.withResolvers<OriginReport>();
    const quiet = quietOrigin ? "&quiet" : "";
    const ws = await WsClient.open(`${gatewayWsUrl}/numbers?id=${id}&seed=${seed}&pace=${paceMs}${quiet}`, {
      onMessage: ({ binary, bytes }) => {
        if (binary) received.add(bytes);
        else resolve(JSON.parse(new TextDecoder().decode(bytes)));
      },
    });
    return new LedgerClient(ws, { received, report, seed });
  }

  get sent(): number {
    return this.#sent;
  }

  /** Sends the next number. */
  sendOne(): void {
    const message = numbered(this.#sent++, this.#seed);
    this.#hash.update(message);
    this.ws.socket.send(message);
  }

  /** Sends numbers from now on. */
  start(paceMs = 20): this {
    this.#timer = setInterval(() => this.sendOne(), paceMs);
    return this;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Ends both directions and asserts that each arrived whole: every number once, in order, every byte the same. */
  async balance(): Promise<LedgerBalance> {
    this.stop();
    this.ws.socket.send("stop");
    const closed = this.ws.closed.then(({ code, reason }) => {
      throw new Error(`the WebSocket closed with ${code} "${reason}" before its books were balanced`);
    });
    const report = await bounded(Promise.race([this.#report, closed]), "the origin's report", 60_000);
    const { sent, sentSha256, ...up } = report;
    const down = this.received.report();
    const clean = { lost: 0, duplicated: 0, reordered: 0 };
    assert.deepEqual(pick(up), { messages: this.#sent, ...clean, sha256: this.#hash.digest("hex") }, "up");
    assert.deepEqual(pick(down), { messages: sent, ...clean, sha256: sentSha256 }, "down");
    // Nobody waits for it any more.
    closed.catch(() => {});
    return { up, down };
  }

  [Symbol.dispose](): void {
    this.stop();
    this.ws[Symbol.dispose]();
  }
}

function pick({ messages, lost, duplicated, reordered, sha256 }: LedgerReport) {
  return { messages, lost, duplicated, reordered, sha256 };
}
