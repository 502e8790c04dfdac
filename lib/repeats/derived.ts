/** Every list that is shared, because it has come more than once. */
const shared = new WeakSet<readonly string[]>();

/** `list` will come again: from now on what is derived from it is kept. Nobody may change it. */
export function share(list: readonly string[]): void {
  shared.add(list);
}

/** What was worked out from lists that come again. It lives as long as its list. */
export class Derived<T> {
  readonly #known = new WeakMap<readonly string[], T>();
  /** What was asked for last, which often comes next: a look at the map costs ten times as much. */
  #lastList: readonly string[] | null = null;
  #lastValue: T | undefined = undefined;

  get(list: readonly string[]): T | undefined {
    if (list === this.#lastList) return this.#lastValue;
    const value = this.#known.get(list);
    if (value === undefined) return undefined;
    this.#lastList = list;
    this.#lastValue = value;
    return value;
  }

  /** Whether what is derived from `list` is worth keeping. */
  keeps(list: readonly string[]): boolean {
    return shared.has(list);
  }

  /** @param value kept when `list` is one that comes again */
  set(list: readonly string[], value: T): void {
    if (!shared.has(list)) return;
    this.#known.set(list, value);
    if (list === this.#lastList) this.#lastValue = value;
  }
}
