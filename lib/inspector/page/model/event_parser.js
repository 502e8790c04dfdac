/** @typedef {{ event: string, data: string }} ServerEvent */

/** Takes a stream of server-sent events apart (HTML, 9.2.6), however it was cut on the way. */
export class EventParser {
  #rest = "";
  #event = "";
  /** @type {string[]} */
  #data = [];

  /**
   * @param {string} text the next of it
   * @returns {ServerEvent[]} what is complete with it
   */
  push(text) {
    /** @type {ServerEvent[]} */
    const events = [];
    this.#rest += text;
    while (true) {
      const end = /\r\n|\n|\r(?!$)/.exec(this.#rest);
      if (end === null) return events;
      const line = this.#rest.slice(0, end.index);
      this.#rest = this.#rest.slice(end.index + end[0].length);
      if (line === "") this.#dispatch(events);
      else this.#field(line);
    }
  }

  /** @param {ServerEvent[]} events */
  #dispatch(events) {
    if (this.#data.length > 0) events.push({ event: this.#event || "message", data: this.#data.join("\n") });
    this.#event = "";
    this.#data = [];
  }

  /** @param {string} line */
  #field(line) {
    const [, name, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === "event") this.#event = value ?? "";
    else if (name === "data") this.#data.push(value ?? "");
  }
}
