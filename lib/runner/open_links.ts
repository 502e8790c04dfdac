import { frameTypes } from "../protocol/mod.ts";
import type { Clock, Link, Timer } from "../link/mod.ts";

/** How long a gateway may take to answer a close, milliseconds. */
const closeWithinMs = 1_000;

/** RFC 6455, 7.4.1. */
const closeGoingAway = 1001;

const reason = "the runner is shutting down";

/** The links of one runner that are open, a leaving one beside its successor included. */
export class OpenLinks {
  readonly #links = new Set<Link>();
  readonly #clock: Clock;
  #whenGone: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(link: Link): void {
    this.#links.add(link);
  }

  remove(link: Link): void {
    this.#links.delete(link);
    if (this.#links.size === 0) this.#whenGone?.();
  }

  /** Asks for no more streams; those in flight go on. @param drainMs above 0: at 0 it would be a goodbye */
  goAway(drainMs: number): void {
    for (const link of this.#links) sendGoAway(link, Math.max(1, drainMs));
  }

  /**
   * Says goodbye on all of them, so that the gateway waits for none of their sessions, and closes them. What has not
   * closed a moment later is dropped. `done` is called when none is left.
   */
  close(done: () => void): void {
    for (const link of [...this.#links]) {
      sendGoAway(link, 0);
      link.close(reason, closeGoingAway);
    }
    if (this.#links.size === 0) return done();
    const timer: Timer = this.#clock.after(closeWithinMs, () => {
      for (const link of [...this.#links]) link.destroy({ kind: "closed", reason });
    });
    this.#whenGone = () => {
      this.#whenGone = null;
      timer.cancel();
      done();
    };
  }
}

/** "Send me no more streams", as a runner says it. */
export function sendGoAway(link: Link, drainMs: number): void {
  link.send({ type: frameTypes.goAway, drainMs, reason });
}
