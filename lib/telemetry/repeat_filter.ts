/** So many events of a kind are told one by one in each stretch of this length, milliseconds. */
const toldPerStretch = 20;
const stretchMs = 10_000;

/** Events of one kind that were not told one by one. */
export interface RepeatSummary {
  key: string;
  times: number;
  /** Length of the stretch they came in, milliseconds. */
  withinMs: number;
}

interface Stretch {
  beganAtMs: number;
  told: number;
  untold: number;
}

/**
 * Keeps events that come by the thousand from filling the log: the first few of a kind are told, of the rest how
 * many there were. Pure: time comes in as an argument, milliseconds of any clock.
 */
export class RepeatFilter {
  readonly #stretches = new Map<string, Stretch>();

  /** Whether an event of this kind is to be told. A new stretch must be begun by {@link ended} first. */
  admit(key: string, nowMs: number): boolean {
    const stretch = this.#stretches.get(key);
    if (stretch === undefined) {
      this.#stretches.set(key, { beganAtMs: nowMs, told: 1, untold: 0 });
      return true;
    }
    if (stretch.told < toldPerStretch) {
      stretch.told++;
      return true;
    }
    stretch.untold++;
    return false;
  }

  /**
   * Ends the stretches that are over, and says what was not told in them.
   *
   * @param all whether those end, too, that are not over
   */
  *ended(nowMs: number, all = false): Generator<RepeatSummary> {
    for (const [key, { beganAtMs, untold }] of this.#stretches) {
      const withinMs = nowMs - beganAtMs;
      // A clock that was set back ends a stretch, too.
      if (!all && withinMs < stretchMs && withinMs >= 0) continue;
      this.#stretches.delete(key);
      if (untold > 0) yield { key, times: untold, withinMs: Math.max(0, withinMs) };
    }
  }
}
