import { frameTypes, maxReasonLength, type ProbeFrame } from "../protocol/mod.ts";
import { type Link, monotonicMs } from "../link/mod.ts";
import type { Backend } from "./backend.ts";

/** Origin probes under way at once; those beyond wait, and their wait counts as the origin's time. */
const maxAtOnce = 16;

/** Origin probes that may wait: ten seconds' worth at the gateway's highest rate. */
const maxWaiting = 10_000;

const defaultOriginWithinMs = 30_000;

/** Answers probes, over the link that each came by. */
export class ProbeResponder {
  readonly #backend: Backend;
  readonly #wallUs: () => number;
  readonly #originWithinMs: number;
  readonly #waiting: (() => void)[] = [];
  readonly #stopping = new AbortController();
  #underWay = 0;

  /**
   * @param options `wallUs`: wall clock, microseconds since 1970, told in replies and used for nothing else;
   * `originWithinMs`: an origin that has not answered a probe after this long is not waited for
   */
  constructor(options: { backend: Backend; wallUs: () => number; originWithinMs?: number }) {
    this.#backend = options.backend;
    this.#wallUs = options.wallUs;
    this.#originWithinMs = options.originWithinMs ?? defaultOriginWithinMs;
  }

  receive(link: Link, probe: ProbeFrame): void {
    const receivedAtMs = monotonicMs();
    // The bytes are a view of the link's message; the reply goes out after that is gone.
    const payload = probe.payload.slice();
    const reply = (originMs: number, originStatus: number, problem: string) => {
      link.send({
        type: frameTypes.probeReply,
        probeId: probe.probeId,
        heldUs: Math.round((monotonicMs() - receivedAtMs) * 1000),
        originUs: Math.round(originMs * 1000),
        originStatus,
        repliedAtUs: this.#wallUs(),
        problem: problem.slice(0, maxReasonLength),
        payload,
      });
    };
    if (!probe.origin) return reply(0, 0, "");
    const ask = () => {
      void this.#askOrigin().then(({ status, problem }) => {
        reply(monotonicMs() - receivedAtMs, status, problem);
        this.#underWay--;
        this.#waiting.shift()?.();
      });
    };
    if (this.#underWay < maxAtOnce) ask();
    else if (this.#waiting.length < maxWaiting) this.#waiting.push(ask);
    else reply(monotonicMs() - receivedAtMs, 0, "too many probes wait for the origin");
  }

  /** Gives up on the origin probes under way. */
  close(): void {
    this.#waiting.length = 0;
    this.#stopping.abort(new Error("the runner is shutting down"));
  }

  async #askOrigin(): Promise<{ status: number; problem: string }> {
    this.#underWay++;
    const withinMs = this.#originWithinMs;
    const timeout = new AbortController();
    const timer = setTimeout(
      () => timeout.abort(new Error(`the origin did not answer within ${withinMs} ms`)),
      withinMs,
    );
    try {
      const signal = AbortSignal.any([timeout.signal, this.#stopping.signal]);
      // What a program does with the signal is its own affair: it is not waited for either way.
      const status = await Promise.race([this.#backend.probe(signal), rejectionOf(signal)]);
      if (!Number.isInteger(status) || status < 0 || status > 999) {
        throw new RangeError(`${status} is no HTTP status`);
      }
      return { status, problem: "" };
    } catch (error) {
      // Whatever went wrong at the origin is the answer to the probe.
      return { status: 0, problem: error instanceof Error ? error.message : String(error) };
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Rejects when `signal` aborts. */
function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
}
