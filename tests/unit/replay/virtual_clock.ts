import type { PaceClock } from "../../../lib/replay/serve/pace.ts";

/** A clock that a test moves on by hand. */
export class VirtualClock implements PaceClock {
  #nowMs = 1000;
  #waiting: { dueMs: number; wake: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ dueMs: this.#nowMs + ms, wake: resolve });
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  /** Lets all work that is due be done, up to `ms` from now. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    while (true) {
      this.#waiting.sort((a, b) => a.dueMs - b.dueMs);
      const next = this.#waiting[0];
      if (next === undefined || next.dueMs > untilMs) break;
      this.#waiting.shift();
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.wake();
      await settled();
    }
    this.#nowMs = untilMs;
  }
}

/** Everything that waits for nothing but its turn has had it. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}
