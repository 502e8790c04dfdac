import { monotonicMs } from "../lib/link/mod.ts";
import type { ProbeEvent, Prober } from "../lib/probe/mod.ts";
import { lossPercent } from "../lib/probe/mod.ts";
import { countsLine, eventLine, hopTable, number, shortId } from "./ping_probe_text.ts";
import { makeStyle, type Style } from "./style.ts";

export interface LiveViewOptions {
  headline: string;
  probers: readonly Prober[];
  style: Style;
  /** Writes to the terminal. */
  write(text: string): void;
}

/** What a frame of the view is drawn from. */
export interface LiveSession {
  prober: Pick<Prober, "session" | "counts" | "statistics">;
  /** Newest last: round trips in milliseconds, `null` for a probe without an answer. */
  recent: (number | null)[];
}

const levels = "▁▂▃▄▅▆▇█";
const noAnswer = "×";

/**
 * A frame is drawn when an answer has just come and the last frame is this old: at that moment the next probe is
 * furthest away, so that drawing, which takes a millisecond, does not show in what is measured.
 */
const redrawEveryMs = 100;

/** Without another answer the rest is drawn after this long. */
const redrawWithinMs = 400;

/** As many round trips as the widest terminal shows. */
const maxRecent = 400;
const eventsShown = 3;
const defaultColumns = 80;
const defaultRows = 24;

/** Redraws a few lines in place, ten times a second at most. */
export class LiveView {
  readonly #options: LiveViewOptions;
  readonly #sessions: Map<Prober, LiveSession>;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #events: string[] = [];
  #drawnLines = 0;
  #drawnAtMs = -Infinity;

  constructor(options: LiveViewOptions) {
    this.#options = options;
    this.#sessions = new Map(options.probers.map((prober) => [prober, { prober, recent: [] }]));
    this.#draw();
  }

  event(prober: Prober, event: ProbeEvent): void {
    const session = this.#sessions.get(prober);
    if (session !== undefined && event.kind !== "duplicated") {
      session.recent.push(event.kind === "answered" ? event.sample.rttMs : null);
      if (session.recent.length > maxRecent) session.recent.shift();
    }
    const several = this.#sessions.size > 1;
    this.#events.push(eventLine(event, { style: plain, session: several ? prober.session.id : undefined }));
    if (this.#events.length > eventsShown) this.#events.shift();
    if (this.#timer !== null) clearTimeout(this.#timer);
    const isDue = monotonicMs() - this.#drawnAtMs >= redrawEveryMs;
    this.#timer = setTimeout(() => this.#draw(), isDue ? 0 : redrawWithinMs);
  }

  /** Draws the last frame and leaves it where it is. */
  close(): void {
    this.stop();
    this.#draw();
  }

  /** Draws no more, and leaves the last frame where it is. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #draw(): void {
    this.#drawnAtMs = monotonicMs();
    const { columns, rows } = terminalSize();
    const frame = liveFrame([...this.#sessions.values()], {
      headline: this.#options.headline,
      events: this.#events,
      columns,
      rows,
    });
    const { style } = this.#options;
    const lines = frame.map((line, i) => `${i === 0 ? style.bold(line) : line}\x1b[K\n`);
    const home = this.#drawnLines === 0 ? "" : `\x1b[${this.#drawnLines}F`;
    this.#options.write(`${home}${lines.join("")}\x1b[J`);
    this.#drawnLines = lines.length;
  }
}

const plain = makeStyle(false);

/** The lines of one frame: none is wider than the terminal, so that each takes one row of it. */
export function liveFrame(
  sessions: LiveSession[],
  options: { headline: string; events: string[]; columns: number; rows: number },
): string[] {
  const { headline, events, columns, rows } = options;
  const lines = sessions.length === 1 ? oneSession(sessions[0], columns) : sessions.flatMap((session) => [
    sessionLine(session),
    sparkline(session.recent, columns),
  ]);
  return [headline, ...lines, ...events].slice(0, rows - 1).map((line) => cut(line, columns));
}

/** Round trips as bars between the least and the largest of those shown. */
export function sparkline(recent: (number | null)[], columns: number): string {
  const shown = recent.slice(-columns);
  const times = shown.filter((ms) => ms !== null);
  const least = Math.min(...times);
  const range = Math.max(...times) - least;
  return shown.map((ms) => {
    if (ms === null) return noAnswer;
    return levels[range === 0 ? 0 : Math.round((ms - least) / range * (levels.length - 1))];
  }).join("");
}

function oneSession({ prober, recent }: LiveSession, columns: number): string[] {
  const { counts, statistics } = prober;
  return [countsLine(counts, plain), sparkline(recent, columns), ...hopTable(statistics.measured(), plain)];
}

function sessionLine({ prober }: LiveSession): string {
  const { session, counts, statistics: { roundTrip } } = prober;
  const loss = `${Math.round(lossPercent(counts) * 10) / 10} %`;
  const [p50, p90, p99] = [50, 90, 99].map((percentile) => number(roundTrip.percentileMs(percentile)));
  return `${shortId(session.id)} at ${session.address}  ${counts.sent} sent, ${loss} unanswered  ` +
    `p50 ${p50}  p90 ${p90}  p99 ${p99} ms`;
}

function cut(line: string, columns: number): string {
  const characters = [...line];
  return characters.length <= columns ? line : characters.slice(0, columns - 1).join("") + "…";
}

function terminalSize(): { columns: number; rows: number } {
  try {
    const { columns, rows } = Deno.consoleSize();
    // A terminal that does not know its size says 0.
    return { columns: columns || defaultColumns, rows: rows || defaultRows };
  } catch (error) {
    // Standard output is a terminal, but none that says its size.
    if (!(error instanceof Error)) throw error;
    return { columns: defaultColumns, rows: defaultRows };
  }
}
