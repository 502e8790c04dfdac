/** A source of random draws that a seed decides: the same seed, the same draws, on every machine. */
export class Random {
  #state: number;

  /** @param seed any whole number; only its low 53 bits count */
  constructor(seed: number) {
    // Neighbouring seeds must not give neighbouring draws: both halves are mixed in.
    this.#state = mix(mix(seed >>> 0) + Math.floor(seed / 0x1_0000_0000)) >>> 0;
  }

  /** Uniform in [0, 1), 32 bits: splitmix32. */
  next = (): number => {
    this.#state = (this.#state + 0x9e37_79b9) >>> 0;
    return mix(this.#state) / 0x1_0000_0000;
  };

  /** Whole number from `from` up to `to`, both included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /** In [from, to). */
  between(from: number, to: number): number {
    return from + this.next() * (to - from);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)];
  }

  /** A source of its own for one part of a world, so that one more draw there changes nothing elsewhere. */
  fork(): Random {
    return new Random(this.int(0, 0xffff_ffff));
  }
}

/** A hash of one 32-bit number: the finaliser of MurmurHash3 with the constants of splitmix32. */
export function mix(value: number): number {
  let z = value | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0_aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a_2d97);
  return (z ^ (z >>> 15)) >>> 0;
}
