import type { LinkEventJson } from "./api_shapes.ts";
import { exchangeSummary } from "./exchange_json.ts";
import type { ExchangeRecord } from "./exchange_record.ts";
import type { History, HistoryWatcher } from "./history.ts";

/** Changes are gathered this long: a flood of requests becomes a few events a second. */
const gatherMs = 150;

/** A watcher that has not taken this much of what it was sent, bytes, is told to look anew instead. */
const maxWaitingBytes = 256 * 1024;

/** Keeps connections from being taken for dead by something in between. */
const keepAliveMs = 15_000;

const encoder = new TextEncoder();

interface Subscriber {
  controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  /** Events were left out: what it has is not complete any more. */
  missed: boolean;
}

/** Tells any number of watchers of what changes, as server-sent events (HTML, 9.2). */
export class EventFeed implements HistoryWatcher {
  readonly #history: History;
  readonly #subscribers = new Set<Subscriber>();
  readonly #changed = new Set<ExchangeRecord>();
  #links: LinkEventJson[] = [];
  #rtts: { link: string; at: number; rttMs: number }[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #keepAlive: ReturnType<typeof setInterval> | null = null;

  constructor(history: History) {
    this.#history = history;
  }

  get subscribers(): number {
    return this.#subscribers.size;
  }

  /** A stream of events from now on; ends when its reader does. */
  subscribe(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let subscriber: Subscriber;
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        subscriber = { controller, missed: false };
        this.#subscribers.add(subscriber);
        this.#history.watch(this);
        this.#keepAlive ??= setInterval(() => this.#sendAll(":\n\n"), keepAliveMs);
        controller.enqueue(encoder.encode("retry: 1000\n\nevent: hello\ndata: {}\n\n"));
      },
      pull: () => this.#caughtUp(subscriber),
      cancel: () => this.#remove(subscriber),
    }, { highWaterMark: maxWaitingBytes, size: (bytes) => bytes!.byteLength });
  }

  /** Ends all streams of events. */
  close(): void {
    for (const subscriber of [...this.#subscribers]) {
      this.#remove(subscriber);
      subscriber.controller.close();
    }
  }

  // ── HistoryWatcher ──

  exchange(record: ExchangeRecord): void {
    this.#changed.add(record);
    this.#schedule();
  }

  link(event: LinkEventJson): void {
    this.#links.push(event);
    this.#schedule();
  }

  rtt(link: string, at: number, rttMs: number): void {
    this.#rtts.push({ link, at, rttMs });
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.#flush(), gatherMs);
  }

  #flush(): void {
    this.#timer = null;
    let text = "";
    if (this.#changed.size > 0) {
      text += event("requests", Array.from(this.#changed, (record) => exchangeSummary(record)));
    }
    if (this.#links.length > 0) text += event("links", this.#links);
    if (this.#rtts.length > 0) text += event("rtt", this.#rtts);
    this.#changed.clear();
    this.#links = [];
    this.#rtts = [];
    this.#sendAll(text);
  }

  #sendAll(text: string): void {
    const bytes = encoder.encode(text);
    for (const subscriber of this.#subscribers) {
      if ((subscriber.controller.desiredSize ?? 0) <= 0) {
        subscriber.missed = true;
        continue;
      }
      subscriber.controller.enqueue(bytes);
    }
  }

  /** It has taken most of what waited for it: now it can be told that there was more. */
  #caughtUp(subscriber: Subscriber): void {
    if (!subscriber.missed) return;
    subscriber.missed = false;
    subscriber.controller.enqueue(encoder.encode(event("missed", {})));
  }

  #remove(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    if (this.#subscribers.size > 0) return;
    this.#history.watch(null);
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#keepAlive !== null) clearInterval(this.#keepAlive);
    this.#timer = null;
    this.#keepAlive = null;
    this.#changed.clear();
    this.#links = [];
    this.#rtts = [];
  }
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
