import { Logger, silentLogger } from "../../lib/telemetry/mod.ts";
import type { WireEnd } from "./network.ts";
import type { Schedule } from "./schedule.ts";
import { Violation, type Watcher } from "./watcher.ts";

/** Takes one line a thing that happens. */
export type Teller = (line: string) => void;

/** Watches a world, and tells its tale to whoever wants it: every frame and decision, as the logs have them. */
export class Tale implements Watcher {
  readonly #schedule: Schedule;
  readonly #teller: Teller | null;

  constructor(schedule: Schedule, teller: Teller | null) {
    this.#schedule = schedule;
    this.#teller = teller;
  }

  /** The log of one process. */
  loggerOf(who: string): Logger {
    if (this.#teller === null) return silentLogger;
    return new Logger({
      level: "debug",
      format: "text",
      now: () => 0,
      // Time and level stand in front of every line of a log; here virtual time does.
      write: (line) => this.note(who, line.trimEnd().split(/ +/).slice(2).join(" ")),
    });
  }

  /** Only a hello that was overtaken by a newer link's may say what cannot be true any more. */
  protocolError(wire: WireEnd, reason: string): void {
    const { name } = wire.process;
    this.note(name, `protocol error: ${reason}`);
    const overtaken = name === "gateway" && wire.peer.gone;
    if (!overtaken) throw new Violation(`${name}: ${reason}`);
  }

  note(who: string, text: string): void {
    this.#teller?.(`${this.#schedule.now.toFixed(3).padStart(12)}  ${who.padEnd(14)} ${text}`);
  }
}
