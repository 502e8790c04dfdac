/** @import { ExchangeSummary } from "../../api_shapes.ts" */

/** Requests the page holds on to, bounded as on the server: the newest stay, and what goes on outlives what has ended. */
export class RequestStore {
  /** @type {Map<number, ExchangeSummary>} */
  #requests = new Map();
  #max;

  /** @param {number} max */
  constructor(max) {
    this.#max = max;
  }

  /** @returns {number} */
  get size() {
    return this.#requests.size;
  }

  /** @param {number} max */
  set max(max) {
    this.#max = Math.max(1, max);
    this.#trim();
  }

  /**
   * @param {number} id
   * @returns {ExchangeSummary | undefined}
   */
  get(id) {
    return this.#requests.get(id);
  }

  /**
   * Adds those that are new and renews the others. One that is older than everything held, while that is as much as
   * may be held, is not taken up again.
   *
   * @param {ExchangeSummary[]} requests
   */
  add(requests) {
    for (const request of requests) this.#requests.set(request.id, request);
    this.#trim();
  }

  /**
   * Holds exactly these from now on.
   *
   * @param {ExchangeSummary[]} requests
   */
  replaceAll(requests) {
    this.#requests.clear();
    this.add(requests);
  }

  /**
   * Those that match, newest first.
   *
   * @param {(request: ExchangeSummary) => boolean} matches
   * @returns {ExchangeSummary[]}
   */
  newest(matches) {
    return [...this.#requests.values()].filter(matches).sort((a, b) => b.id - a.id);
  }

  #trim() {
    const excess = this.#requests.size - this.#max;
    if (excess <= 0) return;
    const older = [...this.#requests.values()].sort((a, b) => a.id - b.id).slice(0, -1);
    const leaving = [
      ...older.filter(({ state }) => state === "done"),
      ...older.filter(({ state }) => state !== "done"),
    ];
    for (const { id } of leaving.slice(0, excess)) this.#requests.delete(id);
  }
}
