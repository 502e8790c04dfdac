import { frameTypes, resetCodes, type SequencedFrame } from "../protocol/mod.ts";
import type { IngressContext } from "./context.ts";
import { HeldFrames } from "./held_frames.ts";
import type { Sleeper } from "./hibernation.ts";
import type { Runner } from "./runner_session.ts";

/** A client WebSocket between two runners: until when it waits for the next, and what its client has sent meanwhile. */
export class WsRest {
  readonly #sleeper: Sleeper;
  readonly #context: IngressContext;
  readonly #held = new HeldFrames();
  #asleep = false;
  #untilMs = 0;

  constructor(sleeper: Sleeper, context: IngressContext) {
    this.#sleeper = sleeper;
    this.#context = context;
  }

  /** Whether it waits for a runner now. */
  get asleep(): boolean {
    return this.#asleep;
  }

  /** What the client has sent and no stream carries. */
  get held(): HeldFrames {
    return this.#held;
  }

  /**
   * The session that carried it is lost.
   *
   * @param unacknowledged what the lost runner had not delivered, oldest first
   * @param code of the reset that said so
   * @returns the runner it goes on with, `"wait"` until one comes, or `null` when there is nothing to wait for
   */
  begin(unacknowledged: SequencedFrame[], code: number): Runner | "wait" | null {
    // The resume window has been waited for already when that is what ended the session.
    const waitedMs = code === resetCodes.resumeTimeout ? this.#context.resumeWindowMs : 0;
    const waitMs = Math.max(0, this.#context.hibernateWindowMs - waitedMs);
    this.#untilMs = this.#context.clock.monotonicMs() + waitMs;
    this.#keep(unacknowledged);
    const next = this.#context.carryOn(this.#sleeper, waitMs);
    if (next === null) this.#held.takeAll();
    this.#asleep = next !== null;
    return next;
  }

  /**
   * It woke on `runner`, whose origin is not there yet: it is woken again in about a second.
   *
   * @returns whether there is time left for that
   */
  again(unacknowledged: SequencedFrame[], runner: Runner): boolean {
    this.#keep(unacknowledged);
    this.#asleep = this.#context.tryAgain(this.#sleeper, { runner, untilMs: this.#untilMs });
    if (!this.#asleep) this.#held.takeAll();
    return this.#asleep;
  }

  /** It goes on. @returns what waits for the runner, oldest first */
  wake(): SequencedFrame[] {
    this.#asleep = false;
    return this.#held.takeAll();
  }

  /** It waits for nobody any more: its client has gone, or is told to. */
  end(): void {
    if (this.#asleep) this.#context.awake(this.#sleeper);
    this.#asleep = false;
    this.#held.takeAll();
  }

  #keep(frames: SequencedFrame[]): void {
    for (const frame of frames) {
      const { type } = frame;
      const isOfClient = type === frameTypes.wsMessage || type === frameTypes.wsMessages ||
        type === frameTypes.wsClose;
      if (isOfClient) this.#held.push(frame);
    }
  }
}
