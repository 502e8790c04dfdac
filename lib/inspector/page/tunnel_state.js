/** @import { ExchangeSummary, LinkEventJson, LinkJson, StatusJson, StreamJson } from "../api_shapes.ts" */
/** @import { AdminClient } from "./admin_client.js" */
import { RequestStore } from "./model/request_store.js";
import { RttBins } from "./model/rtt_bins.js";

/** Requests held by the page, whatever the server remembers. */
const maxRequests = 1_000;
const maxLinkEvents = 500;

/** Round trips of the small curve. */
const recentRtts = 60;

/** Charts of links loaded at once when the page opens. */
const maxCharts = 20;

/** What the page knows of the process: as it was loaded, and what events have added. */
export class TunnelState {
  #client;
  /** The server's clock against this machine's, milliseconds. */
  #skewMs = 0;
  /** The refresh under way, and the one after it. @type {Promise<void>} */
  #current = Promise.resolve();
  /** @type {Promise<void> | null} */
  #next = null;
  /** @type {StatusJson | null} */
  status = null;
  /** @type {LinkJson[]} */
  links = [];
  /** @type {StreamJson[]} */
  streams = [];
  /** @type {LinkEventJson[]} */
  linkEvents = [];
  requests = new RequestStore(maxRequests);
  rtts = new RttBins();

  /** @param {AdminClient} client */
  constructor(client) {
    this.#client = client;
  }

  /** The server's clock, milliseconds since 1970. */
  now() {
    return Date.now() + this.#skewMs;
  }

  /** Asks for everything anew. */
  async load() {
    const [status, { links }, { streams }, { events }, { requests }] = await Promise.all([
      this.#client.ask("/api/status"),
      this.#client.ask("/api/links"),
      this.#client.ask("/api/streams"),
      this.#client.ask("/api/link-events"),
      this.#client.ask(`/api/requests?limit=${maxRequests}`),
    ]);
    this.#take(status, links, streams);
    this.linkEvents = events;
    this.requests.max = Math.min(maxRequests, status.history.max);
    this.requests.replaceAll(requests);
    const charts = await Promise.all(
      links.slice(0, maxCharts).map((/** @type {LinkJson} */ { id }) =>
        this.#client.ask(`/api/links/${encodeURIComponent(id)}/rtt`)
      ),
    );
    this.rtts.clear();
    for (const { link, bins } of charts) this.rtts.load(link, bins);
  }

  /** Asks again for what no event tells: how links and streams are now. */
  refresh() {
    // One that is under way may have been answered before that happened which is to be seen.
    this.#next ??= this.#current.then(() => {
      this.#next = null;
      const refreshed = this.#renew();
      // Whoever asked for it is told of its failure; those who wait for it to be over need not know.
      this.#current = refreshed.catch(() => {});
      return refreshed;
    });
    return this.#next;
  }

  async #renew() {
    const [status, { links }, { streams }] = await Promise.all([
      this.#client.ask("/api/status"),
      this.#client.ask("/api/links"),
      this.#client.ask("/api/streams"),
    ]);
    this.#take(status, links, streams);
  }

  /** @param {readonly ExchangeSummary[]} requests */
  requestsChanged(requests) {
    this.requests.add([...requests]);
  }

  /** @param {readonly LinkEventJson[]} events */
  linksChanged(events) {
    this.linkEvents = [...this.linkEvents, ...events].slice(-maxLinkEvents);
  }

  /** @param {readonly { link: string, at: number, rttMs: number }[]} samples */
  roundTrips(samples) {
    for (const { link, at, rttMs } of samples) {
      this.rtts.add(link, at, rttMs);
      const known = this.links.find(({ id }) => id === link);
      if (known !== undefined) known.recentRttMs = [...known.recentRttMs, rttMs].slice(-recentRtts);
    }
  }

  /**
   * @param {StatusJson} status
   * @param {LinkJson[]} links
   * @param {StreamJson[]} streams
   */
  #take(status, links, streams) {
    this.status = status;
    this.#skewMs = status.now - Date.now();
    // By name, and within one by id: a row stays where it is.
    this.links = links.toSorted((a, b) => a.runner.localeCompare(b.runner) || a.id.localeCompare(b.id));
    this.streams = streams;
  }
}
