import type { Runner } from "./runner_session.ts";

/** Something that waits for a runner to carry on with: a client WebSocket, or a request that may be repeated. */
export interface Sleeper {
  /** Name of the runner it needs. */
  readonly runnerName: string;
  /** What it holds for the runner, bytes. */
  readonly heldBytes: number;
  /** A runner of that name is there. */
  wake(runner: Runner): void;
  /** Nobody came in time, or the gateway ends. */
  expire(reason: string): void;
  /** It holds more than the gateway can bear: it is ended, with the reason for its client. */
  shed(reason: string): void;
}

/** A runner to try again, not before a time on the clock of {@link Hibernation.expireUntil}, milliseconds. */
export interface Again {
  runner: Runner;
  fromMs: number;
}

interface Wait {
  deadlineMs: number;
  again: Again | null;
}

/**
 * Streams whose runner process is gone: the client's side stays open, and they wake on the next runner of the
 * same name. Each waits until a deadline of its own; one that woke on a runner whose origin was not there tries it again.
 */
export class Hibernation {
  readonly #sleepers = new Map<Sleeper, Wait>();

  get size(): number {
    return this.#sleepers.size;
  }

  get heldBytes(): number {
    let bytes = 0;
    for (const sleeper of this.#sleepers.keys()) bytes += sleeper.heldBytes;
    return bytes;
  }

  all(): IterableIterator<Sleeper> {
    return this.#sleepers.keys();
  }

  /** @param deadlineMs on the clock of {@link expireUntil} */
  add(sleeper: Sleeper, deadlineMs: number, again: Again | null = null): void {
    this.#sleepers.set(sleeper, { deadlineMs, again });
  }

  /** It needs no runner any more: its client is gone. */
  remove(sleeper: Sleeper): void {
    this.#sleepers.delete(sleeper);
  }

  /** Wakes all that wait for runners of this name; `next` gives the runner for each, so that they are spread. */
  wakeAll(name: string, next: () => Runner | null): void {
    for (const sleeper of [...this.#sleepers.keys()]) {
      if (sleeper.runnerName !== name) continue;
      const runner = next();
      if (runner === null) return;
      this.#sleepers.delete(sleeper);
      sleeper.wake(runner);
    }
  }

  /**
   * Wakes those that are to try a runner again, the longest waiting first.
   *
   * @param on gives the runner for each, or `null` when it has to wait on
   */
  tryAgain(nowMs: number, on: (sleeper: Sleeper, runner: Runner) => Runner | null): void {
    for (const [sleeper, { again }] of [...this.#sleepers]) {
      if (again === null || again.fromMs > nowMs) continue;
      const runner = on(sleeper, again.runner);
      if (runner === null) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake(runner);
    }
  }

  /** Gives up those whose deadline has passed. */
  expireUntil(nowMs: number, reason: string): void {
    for (const [sleeper, { deadlineMs }] of [...this.#sleepers]) {
      if (deadlineMs > nowMs) continue;
      this.#sleepers.delete(sleeper);
      sleeper.expire(reason);
    }
  }

  /** Gives up all of them. */
  close(reason: string): void {
    this.expireUntil(Infinity, reason);
  }
}
