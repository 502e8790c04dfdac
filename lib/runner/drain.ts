import type { Clock, Link, Timer } from "../link/mod.ts";

/** A runner's last time: until when its streams may finish, and whether its gateway knows of it. */
export class Drain {
  readonly #clock: Clock;
  /** `null` while it does not drain. */
  #untilMs: number | null = null;
  #timer: Timer | null = null;
  /**
   * The gateway may not know of it: a stream may be on its way. The runner is not closed before the gateway has answered, over
   * this link or the next, for the gateway would take a session that is let go of for one whose process has died.
   */
  unconfirmed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get begun(): boolean {
    return this.#untilMs !== null;
  }

  /** How long its streams still have, milliseconds, 1 at least. */
  get leftMs(): number {
    return Math.max(1, Math.round((this.#untilMs ?? 0) - this.#clock.monotonicMs()));
  }

  /** @param over called at its end, unless it is cancelled before */
  begin(withinMs: number, over: () => void): void {
    this.#untilMs = this.#clock.monotonicMs() + withinMs;
    this.#timer = this.#clock.after(withinMs, over);
  }

  /** It was told of over `link`. @param confirmed called when the gateway has answered behind that */
  told(link: Link, confirmed: () => void): void {
    this.unconfirmed = true;
    link.afterRoundTrip(() => {
      this.unconfirmed = false;
      confirmed();
    });
  }

  cancel(): void {
    this.#timer?.cancel();
  }
}
