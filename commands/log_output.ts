/** Where log lines go. */
export interface LogTarget {
  writeSync(bytes: Uint8Array): number;
}

/**
 * Writes log lines for as long as they can be written. Those that cannot be, on a full disk or to a reader that is gone, are
 * counted: a process does not end because nobody can hear of it.
 */
export class LogOutput {
  readonly #target: LogTarget;
  readonly #encoder = new TextEncoder();
  #lost = 0;
  /** A line was begun and could not be ended. */
  #cut = false;

  constructor(target: LogTarget) {
    this.#target = target;
  }

  /** @returns how many lines were lost before this one, which is written; 0 when it is lost itself */
  write(line: string): number {
    const bytes = this.#encoder.encode(this.#cut ? `\n${line}` : line);
    let at = 0;
    try {
      while (at < bytes.length) at += this.#target.writeSync(bytes.subarray(at));
    } catch {
      // Nobody could be told of the error: what is lost is told of when there is somebody again.
      this.#lost++;
      if (at > 0) this.#cut = true;
      return 0;
    }
    const lost = this.#lost;
    this.#lost = 0;
    this.#cut = false;
    return lost;
  }
}
