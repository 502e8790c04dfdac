import { frameTypes, type ProbeResultFrame } from "../protocol/mod.ts";
import { LinkRefusedError, monotonicMs, wallUs } from "../link/mod.ts";
import { DialError } from "../net/mod.ts";
import { Backoff } from "../session/mod.ts";
import { ProbeBook, type ProbeCounts, type ProbeEvent } from "./probe_book.ts";
import { type ProbeLink, ProbeRefusedError } from "./probe_link.ts";
import { ProbeStatistics } from "./probe_statistics.ts";
import { type ProbedSession, type SessionReport, sessionReport } from "./report.ts";
import { Schedule } from "./schedule.ts";

export interface ProberOptions {
  /** Open, and this prober's from now on. */
  link: ProbeLink;
  /** Connects anew when the link is lost. */
  redial: (signal: AbortSignal) => Promise<ProbeLink>;
  /** When the first probe leaves, on the monotonic clock, milliseconds. */
  startMs: number;
  intervalMs: number;
  /** How many probes; `Infinity` until {@link Prober.stop}. */
  count: number;
  timeoutMs: number;
  sizeBytes: number;
  origin: boolean;
  /** Told of everything that becomes of a probe, as it happens. */
  onEvent?: (event: ProbeEvent) => void;
}

/** Probe ids are u32: at the highest rate they last for seven weeks. */
const maxProbes = 2 ** 32;

/** Longest wait between two attempts to reach the gateway again, milliseconds. */
const redialWithinMs = 2_000;

/** Sends probes to one session on schedule until all have ended, and keeps what comes of them. */
export class Prober {
  readonly statistics = new ProbeStatistics();
  readonly session: ProbedSession;
  readonly #options: ProberOptions;
  readonly #schedule: Schedule;
  readonly #book: ProbeBook;
  readonly #payload: Uint8Array;
  readonly #stopping = new AbortController();
  readonly #done = Promise.withResolvers<void>();
  #link: ProbeLink | null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #over = false;

  constructor(options: ProberOptions) {
    const { timeoutMs, origin, startMs, intervalMs } = options;
    this.#options = options;
    const count = Math.min(options.count, maxProbes);
    this.#schedule = new Schedule({ startMs, intervalMs, count, skipAfterMs: timeoutMs });
    this.#book = new ProbeBook({ timeoutMs, origin });
    // Random, so that nothing on the way can make it smaller than it says.
    this.#payload = crypto.getRandomValues(new Uint8Array(options.sizeBytes));
    this.session = sessionOf(options.link);
    this.#link = options.link;
    this.#listen(options.link);
  }

  get counts(): ProbeCounts {
    return this.#book.counts;
  }

  /**
   * Runs to the end.
   *
   * @throws {ProbeRefusedError} when the gateway refuses this prober for good
   */
  async run(): Promise<void> {
    this.#tick();
    await this.#done.promise;
  }

  /** Ends now; what is under way stays pending. */
  stop(): void {
    this.#finish(null);
  }

  report(): SessionReport {
    const { session, statistics } = this;
    return sessionReport(statistics, { session, counts: this.counts, skipped: this.#schedule.skipped });
  }

  // ── private ──

  #tick = (): void => {
    if (this.#over) return;
    const now = monotonicMs();
    for (const { sequence, lagMs } of this.#schedule.take(now)) {
      this.statistics.lag.add(lagMs);
      this.#send(sequence);
    }
    for (const event of this.#book.expire(now)) this.#event(event);
    if (this.#schedule.done && this.counts.pending === 0) return this.#finish(null);
    const waitMs = Math.min(this.#schedule.nextAtMs, this.#book.deadline) - monotonicMs();
    this.#timer = setTimeout(this.#tick, Math.max(0, Math.ceil(waitMs)));
  };

  #send(sequence: number): void {
    const now = monotonicMs();
    this.#book.sent(sequence, now);
    if (this.#link?.open) {
      const { origin } = this.#options;
      this.#link.send({ type: frameTypes.probe, probeId: sequence, origin, payload: this.#payload });
      return;
    }
    const event = this.#book.fail(sequence, "the connection to the gateway is down", now);
    if (event !== null) this.#event(event);
  }

  #listen(link: ProbeLink): void {
    link.events = {
      result: (frame, receivedAtMs) => this.#result(frame, receivedAtMs),
      closed: (reason, refused) => {
        // One that was ending when it was given has been replaced by now, unless the gateway wants no other.
        if (this.#link === link || refused) this.#lost(reason, refused);
      },
    };
    if (!link.open) this.#lost("it was closed", false);
  }

  #result(frame: ProbeResultFrame, receivedAtMs: number): void {
    if (this.#over) return;
    const event = this.#book.answered(frame, receivedAtMs);
    if (event === null) return;
    if (event.kind === "answered") {
      this.statistics.clocks(frame, { rttMs: event.sample.rttMs, returnedAtUs: wallUs() });
    }
    this.#event(event);
    if (this.#schedule.done && this.counts.pending === 0) this.#finish(null);
  }

  #event(event: ProbeEvent): void {
    this.statistics.add(event);
    this.#options.onEvent?.(event);
  }

  #lost(reason: string, refused: boolean): void {
    this.#link = null;
    if (this.#over) return;
    if (refused) return this.#finish(new ProbeRefusedError(`the gateway ended the probe: ${reason}`));
    for (const event of this.#book.failAll("the connection to the gateway was lost", monotonicMs())) {
      this.#event(event);
    }
    void this.#redial();
  }

  async #redial(): Promise<void> {
    const { signal } = this.#stopping;
    const backoff = new Backoff({ maxMs: redialWithinMs, random: Math.random });
    while (!this.#over && !this.#schedule.done) {
      try {
        const link = await this.#options.redial(signal);
        if (this.#over) return link.destroy();
        this.#link = link;
        this.#listen(link);
        return;
      } catch (error) {
        if (error instanceof LinkRefusedError && error.final) return this.#finish(error);
        const known = error instanceof LinkRefusedError || error instanceof DialError ||
          error instanceof ProbeRefusedError;
        if (!known) return this.#finish(error as Error);
      }
      await waitFor(backoff.next(), signal);
    }
  }

  #finish(error: Error | null): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#stopping.abort();
    this.#link?.close();
    if (error === null) this.#done.resolve();
    else this.#done.reject(error);
  }
}

function sessionOf({ welcome }: ProbeLink): ProbedSession {
  const session = listedSessions(welcome.sessions).find(({ id }) => id === welcome.sessionId);
  return session ?? { id: welcome.sessionId, address: "", agent: "" };
}

/** The sessions of a probe-ready frame's flat list. */
export function listedSessions(flat: readonly string[]): ProbedSession[] {
  const sessions: ProbedSession[] = [];
  for (let i = 0; i + 2 < flat.length; i += 3) {
    sessions.push({ id: flat[i], address: flat[i + 1], agent: flat[i + 2] });
  }
  return sessions;
}

function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
