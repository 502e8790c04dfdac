/**
 * The entries added last, up to a fixed number; older ones are forgotten. Unlike taking the first key out of a `Map`,
 * which walks over all that was deleted before, forgetting costs the same however often it is done.
 */
export class Recent<K, V> {
  readonly #capacity: number;
  readonly #values = new Map<K, V>();
  #order: K[] = [];
  #oldest = 0;

  /** @param capacity entries kept, 1 or more */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: K): V | undefined {
    return this.#values.get(key);
  }

  has(key: K): boolean {
    return this.#values.has(key);
  }

  /** Adds an entry, or changes one that is kept, which does not make it younger. */
  set(key: K, value: V): void {
    const known = this.#values.has(key);
    this.#values.set(key, value);
    if (known) return;
    if (this.#order.length < this.#capacity) {
      this.#order.push(key);
      return;
    }
    this.#values.delete(this.#order[this.#oldest]);
    this.#order[this.#oldest] = key;
    this.#oldest = (this.#oldest + 1) % this.#capacity;
  }
}
