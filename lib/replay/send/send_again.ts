import type { CapturedExchange, SpillStore } from "../../capture/mod.ts";
import { EncodeError } from "../../http1/mod.ts";
import { DialError, endpointOf, formatEndpoint, OriginPool, promisesFollow } from "../../net/mod.ts";
import type { Answered } from "./answered.ts";
import { compareAnswer } from "./compare_answer.ts";
import { comparedByDefault } from "./compare_headers.ts";
import type { ExchangeShelf } from "./exchange_shelf.ts";
import { sendHttp } from "./http_sending.ts";
import type { Answer, Outcome, SendSummary } from "./outcome.ts";
import { endedAtUs } from "./recorded_end.ts";
import type { RedactedValues } from "./redacted.ts";
import { type HeaderOverride, requestFields } from "./request_fields.ts";
import type { SendContext } from "./send_context.ts";
import { SendSchedule } from "./send_schedule.ts";
import { SendTotals } from "./send_totals.ts";
import { sendWebSocket } from "./websocket_sending.ts";

export interface SendAgainOptions {
  /** `http:` or `https:`; a path other than `/` is put before every request's. */
  target: URL;
  /** 1 as recorded, 10 ten times as fast, `Infinity` as fast as answers come. @default 1 */
  speed?: number;
  /** Silence of the origin that is waited for beyond what was recorded, milliseconds. @default 30000 */
  timeoutMs?: number;
  /** PEM certificates trusted besides the system's. */
  caCerts?: string[];
  /** Header fields that are sent in place of the recorded ones of their names. */
  overrides?: HeaderOverride[];
  /** Lower-case names of header fields that are compared, too. */
  compareHeaders?: string[];
  redacted: RedactedValues;
  /** Where answers go. */
  answers: SpillStore;
  signal: AbortSignal;
  /** Called with each exchange that ended or was skipped. */
  onOutcome: (outcome: Outcome) => void;
  /** Called with the totals when something has changed. */
  onProgress?: (progress: SendProgress) => void;
}

/** How far a replay is. */
export interface SendProgress {
  begun: number;
  count: number;
  different: number;
  failed: number;
}

const defaultTimeoutMs = 30_000;
const connectTimeoutMs = 10_000;
/** Exchanges that are begun in a row. */
const startsATurn = 64;
/** Longest time a timer can wait, milliseconds. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Sends the exchanges of a shelf to an origin, in the recorded order and timing, and compares its answers with the
 * recorded ones. An abort ends it early; the summary says so.
 */
export async function sendAgain(shelf: ExchangeShelf, options: SendAgainOptions): Promise<SendSummary> {
  using sending = new SendAgain(shelf, options);
  return await sending.run();
}

class SendAgain implements Disposable {
  readonly #shelf: ExchangeShelf;
  readonly #options: SendAgainOptions;
  readonly #context: SendContext;
  readonly #host: string;
  readonly #compared: ReadonlySet<string>;
  readonly #totals = new SendTotals();
  readonly #startedMs = performance.now();
  #underWay = 0;
  #begun = 0;
  #wake: () => void = () => {};
  /** What must not happen: a full disk, say. */
  #broken: { error: unknown } | null = null;
  /** Ends all that are under way then. */
  readonly #stopping = new AbortController();

  constructor(shelf: ExchangeShelf, options: SendAgainOptions) {
    const { target, speed = 1, timeoutMs = defaultTimeoutMs, caCerts, answers: store } = options;
    const signal = AbortSignal.any([options.signal, this.#stopping.signal]);
    this.#shelf = shelf;
    this.#options = options;
    promisesFollow("always");
    const endpoint = endpointOf(target);
    this.#host = target.port === "" ? target.hostname : formatEndpoint(endpoint);
    const pool = new OriginPool({ endpoint, caCerts, connectTimeoutMs });
    const prefix = target.pathname.replace(/\/$/, "");
    this.#context = { pool, prefix, store, timeoutMs, speed, signal };
    this.#compared = new Set([...comparedByDefault, ...options.compareHeaders ?? []]);
  }

  [Symbol.dispose](): void {
    this.#context.pool.close();
  }

  async run(): Promise<SendSummary> {
    const { signal } = this.#options;
    const wake = () => this.#wake();
    signal.addEventListener("abort", wake);
    try {
      const spans = this.#shelf.sort();
      await this.#sendAll(new SendSchedule(spans, this.#context.speed));
      // All of them, for they write into stores that are closed afterwards.
      while (this.#underWay > 0) await this.#woken(null);
      if (this.#broken !== null) throw this.#broken.error;
      return {
        ...this.#totals.counts,
        notReached: this.#shelf.count - this.#begun,
        durationMs: performance.now() - this.#startedMs,
        recordedMs: this.#totals.recordedMs,
        mostBehindMs: this.#totals.mostBehindMs,
        comparedInPart: this.#totals.comparedInPart,
        comparedHeaders: [...this.#totals.headers.compared].sort(),
        ignoredHeaders: this.#totals.headers.ignored(),
        withheldHeaders: this.#totals.withheld(),
      };
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }

  async #sendAll(schedule: SendSchedule): Promise<void> {
    while (!this.#options.signal.aborted && this.#broken === null) {
      const nowUs = (performance.now() - this.#startedMs) * 1000;
      const step = schedule.next(nowUs);
      if (step.kind === "done") return;
      if (step.kind === "start") {
        this.#begin(step.index, schedule, nowUs);
        // Many in a row must not keep answers and signals waiting.
        if (++this.#begun % startsATurn === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      } else {
        await this.#woken(step.kind === "wait" ? (step.untilUs - nowUs) / 1000 : null);
      }
    }
  }

  #begin(index: number, schedule: SendSchedule, nowUs: number): void {
    const { exchange, skip } = this.#shelf.take(index);
    if (skip !== null) {
      schedule.ended(index);
      this.#report({ ...this.#inShort(exchange), result: "skipped", reason: skip });
      return;
    }
    // At full speed there is no time to be behind.
    const behindMs = this.#context.speed === Infinity ? 0 : (nowUs - schedule.dueUs(index)) / 1000;
    this.#totals.sent(exchange, behindMs);
    this.#underWay++;
    this.#exchange(exchange, () => schedule.ended(index)).catch((error) => this.#breakOff(error))
      .finally(() => {
        this.#underWay--;
        if (this.#underWay === 0) this.#options.answers.clear();
        this.#wake();
      });
  }

  #breakOff(error: unknown): void {
    this.#broken ??= { error };
    this.#stopping.abort();
  }

  /** @param ended is called when the answer has come, before it is compared */
  async #exchange(exchange: CapturedExchange, ended: () => void): Promise<void> {
    const { overrides = [], redacted } = this.#options;
    const fields = requestFields(exchange, { overrides, redacted, host: this.#host });
    const answered = await this.#send(exchange, fields);
    ended();
    this.#wake();
    const outcome: Outcome = {
      ...this.#inShort(exchange),
      withheld: fields.withheld,
      replayed: { status: answered.answer?.status ?? null, durationMs: answered.durationMs },
    };
    if (answered.failure !== null && this.#context.signal.aborted) {
      return this.#report({ ...outcome, result: "interrupted", reason: "told to stop" });
    }
    const { differences, notes } = await compareAnswer(exchange, answered, {
      headers: this.#compared,
      redacted,
      seen: this.#totals.headers,
    });
    const { list, count } = differences;
    // One that broke off in the recording, too, has not failed for its fields.
    const isMore = list.some(({ part }) => part !== "header");
    const failed = answered.failure !== null && (isMore || answered.unreachable === true);
    this.#report({
      ...outcome,
      result: failed ? "failed" : count > 0 ? "different" : "same",
      reason: failed ? answered.failure : null,
      differences: list,
      differenceCount: count,
      notes,
    });
  }

  async #send(exchange: CapturedExchange, fields: ReturnType<typeof requestFields>): Promise<Answered> {
    try {
      const send = exchange.kind === "http" ? sendHttp : sendWebSocket;
      return await send(exchange, fields, this.#context);
    } catch (error) {
      if (!(error instanceof DialError || error instanceof EncodeError)) throw error;
      const failure = error instanceof DialError ? error.message : `it is not HTTP/1.1: ${error.message}`;
      return { answer: null, messages: [], close: null, failure, unreachable: true, durationMs: 0 };
    }
  }

  #inShort(exchange: CapturedExchange): Outcome {
    const { id, kind, method, target, startedAtUs, answer } = exchange;
    const durationMs = (endedAtUs(exchange) - startedAtUs) / 1000;
    const recorded: Answer = { status: answer?.status ?? null, durationMs };
    return {
      id,
      kind,
      method,
      target,
      startedAtUs,
      result: "same",
      reason: null,
      recorded,
      replayed: null,
      differences: [],
      differenceCount: 0,
      notes: [],
      withheld: [],
    };
  }

  #report(outcome: Outcome): void {
    this.#totals.outcome(outcome);
    this.#options.onOutcome(outcome);
    const { different, failed } = this.#totals.counts;
    this.#options.onProgress?.({ begun: this.#begun, count: this.#shelf.count, different, failed });
  }

  /** Waits until something has happened, or so many milliseconds. */
  #woken(withinMs: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = withinMs === null ? null : setTimeout(resolve, Math.min(withinMs, longestTimerMs));
      this.#wake = () => {
        if (timer !== null) clearTimeout(timer);
        resolve();
      };
    });
  }
}
