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
const maxBytes = 64 * 1024 * 1024;
const weighEvery = 50;

/** Link events listed. */
const maxLinkEvents = 200;

export interface HistoryOptions {
  /** Exchanges kept. */
  maxRecords: number;
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
    if (this.#records.size > this.#options.maxRecords) this.#dropOldest();
    if (record.id % weighEvery === 0) this.#weigh();
    return record;
  }

  // ── TrafficObserver ──

  began(start: ExchangeStart): ExchangeObserver | null {
    if (this.#options.maxRecords === 0 || !this.#exchanges.take(this.#options.now())) return null;
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

  mayKeepMessage(): boolean {
    return this.#messages.take(this.#options.now());
  }

  /** The oldest that has ended goes first; when all go on, the oldest of all. */
  #dropOldest(): ExchangeRecord | undefined {
    let oldest: ExchangeRecord | undefined;
    for (const record of this.#records.values()) {
      oldest ??= record;
      if (record.end === null) continue;
      oldest = record;
      break;
    }
    if (oldest !== undefined) this.#records.delete(oldest.id);
    return oldest;
  }

  #weigh(): void {
    let bytes = 0;
    for (const record of this.#records.values()) bytes += record.size;
    while (bytes > maxBytes) {
      const dropped = this.#dropOldest();
      if (dropped === undefined) return;
      bytes -= dropped.size;
    }
  }
}
