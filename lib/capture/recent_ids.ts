/**
 * Something about each of the latest request ids. Ids count up, so a table of their low bits holds as many of them as
 * it has places, without any work to forget the older ones.
 */
export class RecentIds<V> {
  readonly #mask: number;
  readonly #ids: Float64Array;
  readonly #values: (V | undefined)[];

  /** @param places a power of two */
  constructor(places: number) {
    this.#mask = places - 1;
    this.#ids = new Float64Array(places).fill(-1);
    this.#values = new Array<V | undefined>(places).fill(undefined);
  }

  get(id: number): V | undefined {
    const place = id & this.#mask;
    return this.#ids[place] === id ? this.#values[place] : undefined;
  }

  set(id: number, value: V): void {
    const place = id & this.#mask;
    this.#ids[place] = id;
    this.#values[place] = value;
  }
}
