import { frameTypes } from "../protocol/mod.ts";
import type { Link } from "../link/mod.ts";

/** How long a gateway may take to answer a close, milliseconds. */
const closeWithinMs = 1_000;

/** RFC 6455, 7.4.1. */
const closeGoingAway = 1001;

/** The links of one runner that are open, a leaving one beside its successor included. */
export class OpenLinks {
  readonly #links = new Set<Link>();
  #whenGone: (() => void) | null = null;

  add(link: Link): void {
    this.#links.add(link);
  }

  remove(link: Link): void {
    this.#links.delete(link);
    if (this.#links.size === 0) this.#whenGone?.();
  }

  /** Asks for no more streams; those in flight go on. */
  goAway(drainMs: number): void {
    for (const link of this.#links) sendGoAway(link, drainMs);
  }

  /** Tells the gateway not to wait for this session, then closes. */
  sayGoodbye(link: Link): void {
    sendGoAway(link, 0);
    link.close("the runner is shutting down", closeGoingAway);
  }

  /** Closes all of them, and waits a moment for the gateway to answer; what has not closed then is dropped. */
  async close(): Promise<void> {
    for (const link of this.#links) this.sayGoodbye(link);
    if (this.#links.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, closeWithinMs);
        this.#whenGone = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    for (const link of [...this.#links]) {
      link.destroy({ kind: "closed", reason: "the runner is shutting down" });
    }
  }
}

/** "Send me no more streams", as a runner says it. */
export function sendGoAway(link: Link, drainMs: number): void {
  link.send({ type: frameTypes.goAway, drainMs, reason: "the runner is shutting down" });
}
