/**
 * Entries that are taken out before the map behind is made anew. Each table that V8 gives up when a map changes points to
 * the next one: once one of them is old, all that follow are kept until the next full collection.
 */
const renewAfter = 1024;

/** A map for what comes and goes millions of times and is never many: the same as `Map`, without the memory. */
export class LiveMap<K, V> {
  #map = new Map<K, V>();
  #removed = 0;

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  set(key: K, value: V): void {
    this.#map.set(key, value);
  }

  delete(key: K): void {
    this.#map.delete(key);
    if (++this.#removed < Math.max(renewAfter, this.#map.size)) return;
    this.#removed = 0;
    this.#map = new Map(this.#map);
  }

  clear(): void {
    this.#map = new Map();
  }

  /** In the order they were put in. */
  values(): MapIterator<V> {
    return this.#map.values();
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.#map[Symbol.iterator]();
  }
}
