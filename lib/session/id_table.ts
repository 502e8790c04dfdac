/** Slots of a table that holds little. A power of two, as every size is. */
const fewestSlots = 64;

/** 2^32 divided by the golden ratio: spreads ids that count up over all slots (Knuth, TAOCP 3, 6.4). */
const spread = 0x9e3779b1;

/**
 * What goes by a whole number from 0 to 2^32 - 1. Unlike a `Map`, which leaves its old storage behind each time entries
 * have come and gone, and with it all that lay in there: V8 finds that to be garbage only when it looks at everything.
 * Here a slot is cleared when its entry goes.
 *
 * Open addressing with linear probing; what stands behind a removed entry moves up (Knuth, Algorithm R).
 */
export class IdTable<T extends object> {
  #ids = new Uint32Array(fewestSlots);
  #values: (T | undefined)[] = new Array<T | undefined>(fewestSlots).fill(undefined);
  #mask = fewestSlots - 1;
  #size = 0;
  /** Entries that went in a row while there were far too many slots. */
  #goneWhileSparse = 0;

  get size(): number {
    return this.#size;
  }

  /**
   * Slots there are. More than 16 times what it holds are given back once as many entries have gone as a sixteenth of
   * them: not at the first ebb, for what comes and goes in waves would have the table made anew with each.
   */
  get slots(): number {
    return this.#ids.length;
  }

  get(id: number): T | undefined {
    const ids = this.#ids;
    const values = this.#values;
    const mask = this.#mask;
    for (let at = home(id, mask);; at = (at + 1) & mask) {
      const value = values[at];
      if (value === undefined || ids[at] === id) return value;
    }
  }

  has(id: number): boolean {
    return this.get(id) !== undefined;
  }

  set(id: number, value: T): void {
    if ((this.#size + 1) * 2 > this.#ids.length) this.#resize(this.#ids.length * 2);
    const at = this.#find(id);
    if (this.#values[at] === undefined) this.#size++;
    this.#ids[at] = id;
    this.#values[at] = value;
  }

  delete(id: number): void {
    const ids = this.#ids;
    const values = this.#values;
    const mask = this.#mask;
    let hole = this.#find(id);
    if (values[hole] === undefined) return;
    this.#size--;
    for (let at = (hole + 1) & mask; values[at] !== undefined; at = (at + 1) & mask) {
      // Whatever would not be found from its home across the hole fills it.
      if (((at - home(ids[at], mask)) & mask) < ((at - hole) & mask)) continue;
      ids[hole] = ids[at];
      values[hole] = values[at];
      hole = at;
    }
    values[hole] = undefined;
    if (ids.length === fewestSlots) return;
    this.#goneWhileSparse = this.#size * 16 < ids.length ? this.#goneWhileSparse + 1 : 0;
    if (this.#goneWhileSparse <= ids.length / 16) return;
    this.#resize(Math.max(fewestSlots, ids.length / 4));
    this.#goneWhileSparse = 0;
  }

  /** All there is now, the smallest id first. */
  values(): T[] {
    const at: number[] = [];
    for (let i = 0; i < this.#values.length; i++) if (this.#values[i] !== undefined) at.push(i);
    at.sort((a, b) => this.#ids[a] - this.#ids[b]);
    return at.map((i) => this.#values[i]!);
  }

  /** The slot of `id`, or the one it would have. */
  #find(id: number): number {
    let at = home(id, this.#mask);
    while (this.#values[at] !== undefined && this.#ids[at] !== id) at = (at + 1) & this.#mask;
    return at;
  }

  #resize(slots: number): void {
    const ids = this.#ids;
    const values = this.#values;
    this.#ids = new Uint32Array(slots);
    this.#values = new Array<T | undefined>(slots).fill(undefined);
    this.#mask = slots - 1;
    for (let i = 0; i < ids.length; i++) {
      const value = values[i];
      if (value === undefined) continue;
      const at = this.#find(ids[i]);
      this.#ids[at] = ids[i];
      this.#values[at] = value;
    }
    values.length = 0;
  }
}

/** Where the search for `id` begins. */
function home(id: number, mask: number): number {
  // The upper bits of the product are the well-mixed ones.
  return (Math.imul(id, spread) >>> 7) & mask;
}
