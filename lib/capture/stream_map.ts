import { LiveMap } from "./live_map.ts";

/**
 * Something about each stream, by its gateway's and its own id: a stream's name, which is a string, would have to be made
 * for each look-up.
 */
export class StreamMap<V> {
  /** There is one gateway in nearly every capture. */
  readonly #gateways = new Map<number, LiveMap<number, V>>();
  #latestId = -1;
  #latest = new LiveMap<number, V>();

  /** Streams in it. */
  get size(): number {
    let size = 0;
    for (const streams of this.#gateways.values()) size += streams.size;
    return size;
  }

  get(gatewayId: number, requestId: number): V | undefined {
    return this.#of(gatewayId).get(requestId);
  }

  set(gatewayId: number, requestId: number, value: V): void {
    this.#of(gatewayId).set(requestId, value);
  }

  delete(gatewayId: number, requestId: number): void {
    this.#of(gatewayId).delete(requestId);
  }

  clear(): void {
    for (const streams of this.#gateways.values()) streams.clear();
  }

  /** Of each gateway the one that was put in first of those that are there. */
  *oldest(): Generator<V> {
    for (const streams of this.#gateways.values()) {
      for (const value of streams.values()) {
        yield value;
        break;
      }
    }
  }

  /** Gateway by gateway, in the order they were put in. */
  *values(): Generator<V> {
    for (const streams of this.#gateways.values()) yield* streams.values();
  }

  #of(gatewayId: number): LiveMap<number, V> {
    if (gatewayId === this.#latestId) return this.#latest;
    let streams = this.#gateways.get(gatewayId);
    if (streams === undefined) {
      streams = new LiveMap();
      this.#gateways.set(gatewayId, streams);
    }
    this.#latestId = gatewayId;
    this.#latest = streams;
    return streams;
  }
}
