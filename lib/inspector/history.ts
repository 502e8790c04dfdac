import type { ExchangeObserver, ExchangeStart, LinkEvent, TrafficObserver } from "../telemetry/mod.ts";
import type { LinkEventJson } from "./api_shapes.ts";
import { ExchangeRecord, type RecordOwner } from "./exchange_record.ts";
import { RecordingBudget } from "./recording_budget.ts";
import { RttHistory } from "./rtt_history.ts";

/** What is recorded a second while nobody looks; more is for a load test, not for people. */
const unwatchedPerSecond = 100;
const watchedPerSecond = 2_000;
const unwatchedMessagesPerSecond = 1_000;
const watchedMessagesPerSecond = 10_000;

/** All records together, bytes: beyond it the oldest go. */
const defaultMaxBytes = 64 * 1024 * 1024;

/** Link events listed. */
const maxLinkEvents = 200;

export interface HistoryOptions {
  /** Exchanges kept. */
  maxRecords: number;
  /** Memory for all of them together, bytes, roughly. @default 64 MiB */
  maxBytes?: number;
  /** Monotonic, milliseconds. */
  now: () => number;
  /** Milliseconds since 1970. */
  wallMs: () => number;
}

/** Somebody who looks on as the history grows. */
export interface HistoryWatcher {
  exchange(record: ExchangeRecord): void;
  link(event: LinkEventJson): void;
  rtt(link: string, atMs: number, rttMs: number): void;
}

/** The newest exchanges and link events of a gateway or runner, bounded in number and in bytes. */
export class History implements TrafficObserver, RecordOwner {
  readonly rtts: RttHistory = new RttHistory();
  readonly #options: HistoryOptions;
  /** In order of their beginning. */
  readonly #records = new Map<number, ExchangeRecord>();
  readonly #linkEvents: LinkEventJson[] = [];
  readonly #exchanges: RecordingBudget;
  readonly #messages: RecordingBudget;
  #watcher: HistoryWatcher | null = null;
  #nextId = 1;
  /** What all records take in memory. */
  #bytes = 0;

  constructor(options: HistoryOptions) {
    this.#options = options;
    const nowMs = options.now();
    this.#exchanges = new RecordingBudget({
      perSecond: unwatchedPerSecond,
      burst: Math.max(options.maxRecords, 1),
      nowMs,
    });
    this.#messages = new RecordingBudget({
      perSecond: unwatchedMessagesPerSecond,
      burst: unwatchedMessagesPerSecond,
      nowMs,
    });
  }

  /** Exchanges that went by too fast to be recorded. */
  get unrecorded(): number {
    return this.#exchanges.refused;
  }

  /** What all records take in memory, bytes, roughly. */
  get bytes(): number {
    return this.#bytes;
  }

  get maxRecords(): number {
    return this.#options.maxRecords;
  }

  /** Who is told of changes; while there is somebody, more is recorded. `null`: nobody. */
  watch(watcher: HistoryWatcher | null): void {
    this.#watcher = watcher;
    this.#exchanges.perSecond = watcher === null ? unwatchedPerSecond : watchedPerSecond;
    this.#messages.perSecond = watcher === null ? unwatchedMessagesPerSecond : watchedMessagesPerSecond;
  }

  get(id: number): ExchangeRecord | undefined {
    return this.#records.get(id);
  }

  /** Newest first. */
  *newest(): Generator<ExchangeRecord> {
    yield* [...this.#records.values()].reverse();
  }

  /** Oldest first. */
  linkEvents(): readonly LinkEventJson[] {
    return this.#linkEvents;
  }

  /** Records an exchange whatever the rate: somebody asked for it. */
  record(start: ExchangeStart): ExchangeRecord {
    const record = new ExchangeRecord(start, {
      id: this.#nextId++,
      startedAt: this.#options.wallMs(),
      owner: this,
    });
    this.#records.set(record.id, record);
    this.grew(record.size);
    if (this.#records.size > this.#options.maxRecords) this.#dropOldest();
    return record;
  }

  // ── TrafficObserver ──

  began(start: ExchangeStart): ExchangeObserver | null {
    if (this.#options.maxRecords === 0 || this.#exchanges.take(this.now()) === 0) return null;
    return this.record(start);
  }

  rtt(link: string, rttMs: number): void {
    const at = this.#options.wallMs();
    this.rtts.add(link, at, rttMs);
    this.#watcher?.rtt(link, at, rttMs);
  }

  linkEvent(event: LinkEvent): void {
    const timed = { ...event, at: this.#options.wallMs() };
    this.#linkEvents.push(timed);
    if (this.#linkEvents.length > maxLinkEvents) this.#linkEvents.shift();
    this.#watcher?.link(timed);
  }

  // ── RecordOwner ──

  now(): number {
    return this.#options.now();
  }

  changed(record: ExchangeRecord): void {
    this.#watcher?.exchange(record);
  }

  mayKeepMessages(count: number): number {
    return this.#messages.take(this.now(), count);
  }

  grew(bytes: number): void {
    this.#bytes += bytes;
    const { maxBytes = defaultMaxBytes } = this.#options;
    while (this.#bytes > maxBytes && this.#records.size > 0) this.#dropOldest();
  }

  /** The oldest that has ended goes first; when all go on, the oldest of all. */
  #dropOldest(): void {
    let oldest: ExchangeRecord | undefined;
    for (const record of this.#records.values()) {
      oldest ??= record;
      if (record.end === null) continue;
      oldest = record;
      break;
    }
    if (oldest === undefined) return;
    this.#records.delete(oldest.id);
    this.#bytes -= oldest.size;
    oldest.forget();
  }
}
