/** Every list that is shared, because it has come more than once. */
const shared = new WeakSet<readonly string[]>();

/** `list` will come again: from now on what is derived from it is kept. Nobody may change it. */
export function share(list: readonly string[]): void {
  shared.add(list);
}

/** What was worked out from lists that come again. It lives as long as its list. */
export class Derived<T> {
  readonly #known = new WeakMap<readonly string[], T>();

  get(list: readonly string[]): T | undefined {
    return this.#known.get(list);
  }

  /** Whether what is derived from `list` is worth keeping. */
  keeps(list: readonly string[]): boolean {
    return shared.has(list);
  }

  /** @param value kept when `list` is one that comes again */
  set(list: readonly string[], value: T): void {
    if (shared.has(list)) this.#known.set(list, value);
  }

  /** As {@link set}, of a list, which then comes again as often as the one it is derived from. */
  static setList(
    known: Derived<readonly string[]>,
    list: readonly string[],
    value: readonly string[],
  ): void {
    if (!shared.has(list)) return;
    share(value);
    known.set(list, value);
  }
}
