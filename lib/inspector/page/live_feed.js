import { ApiFailure } from "./admin_client.js";
import { EventParser } from "./model/event_parser.js";
/** @import { AdminClient } from "./admin_client.js" */

/** The server says something every 15 s; silence for longer than this is a lost connection. */
const silenceMs = 40_000;

/** Time to the next attempt, growing, milliseconds. */
const retryMs = [300, 600, 1_000, 2_000, 3_000];

/**
 * @typedef {object} FeedEvents
 * @property {() => Promise<void>} opened a stream of events begins: what came before must be asked for
 * @property {(event: string, data: any) => void | Promise<void>} event
 * @property {(reason: string) => void} lost it ended, or cannot be had; it is tried again
 * @property {() => void} refused the token is missing or wrong: nothing is tried until {@link LiveFeed.retry}
 */

/** The server's events, connected again whenever they break off. */
export class LiveFeed {
  #client;
  #events;
  /** @type {(() => void) | null} */
  #wake = null;

  /**
   * @param {AdminClient} client
   * @param {FeedEvents} events
   */
  constructor(client, events) {
    this.#client = client;
    this.#events = events;
  }

  /** Follows events for as long as the page lives. */
  async run() {
    let failures = 0;
    while (true) {
      try {
        await this.#follow(() => failures = 0);
        this.#events.lost("the connection was closed");
      } catch (error) {
        if (error instanceof ApiFailure && error.status === 401) {
          this.#events.refused();
          await this.#pause(null);
          continue;
        }
        this.#events.lost(error instanceof Error ? error.message : String(error));
      }
      await this.#pause(retryMs[Math.min(failures++, retryMs.length - 1)]);
    }
  }

  /** Tries again now. */
  retry() {
    this.#wake?.();
  }

  /** @param {() => void} connected */
  async #follow(connected) {
    const stop = new AbortController();
    const silent = () => stop.abort(new Error(`nothing was heard for ${silenceMs / 1000} s`));
    let timer = setTimeout(silent, silenceMs);
    // What events lead to is done one after the other, after what came before them is loaded.
    let done = Promise.resolve();
    /** @param {() => void | Promise<void>} task */
    const then = (task) => {
      done = done.then(task).catch((error) => stop.abort(error));
    };
    try {
      const stream = await this.#client.events(stop.signal);
      const parser = new EventParser();
      const reader = stream.pipeThrough(new TextDecoderStream(), { signal: stop.signal }).getReader();
      then(() => this.#events.opened());
      then(connected);
      while (true) {
        const { value, done: ended } = await reader.read();
        if (ended) break;
        clearTimeout(timer);
        timer = setTimeout(silent, silenceMs);
        for (const { event, data } of parser.push(value)) {
          then(() => this.#events.event(event, JSON.parse(data)));
        }
      }
      await done;
      stop.signal.throwIfAborted();
    } finally {
      clearTimeout(timer);
      stop.abort();
    }
  }

  /** @param {number | null} ms `null`: until it is woken */
  async #pause(ms) {
    await new Promise((resolve) => {
      const timer = ms === null ? undefined : setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
    this.#wake = null;
  }
}
