/** @import { ExchangeDetail } from "../api_shapes.ts" */
/** @import { AdminClient } from "./admin_client.js" */
/** @import { TopBar } from "./top_bar.js" */
/** @import { TunnelState } from "./tunnel_state.js" */
import { ApiFailure } from "./admin_client.js";
import { copyText } from "./clipboard.js";
import { curlCommand } from "./model/curl_command.js";
import { DetailPane } from "./view/detail_pane.js";

/**
 * What is open in the pane: `replay` beside it while two answers are compared.
 *
 * @typedef {{ kind: "request", id: number, replay: number | null } | { kind: "link", id: string } | null} Opened
 */

/** What somebody looks at more closely, and what can be done with it. */
export class Inspection {
  #client;
  #state;
  #top;
  #changed;
  #pane;
  /** @type {Opened} */
  #opened = null;
  /** @type {ExchangeDetail | null} */
  #exchange = null;

  /**
   * @param {{ client: AdminClient, state: TunnelState, top: TopBar }} parts
   * @param {() => void} changed told when something else is open
   */
  constructor({ client, state, top }, changed) {
    this.#client = client;
    this.#state = state;
    this.#top = top;
    this.#changed = changed;
    this.#pane = new DetailPane({
      close: () => this.close(),
      replay: () => this.#replayOpened(),
      copy: () => this.#copyOpened(),
      compare: () => this.#compare(),
      back: () => this.#back(),
      dropLink: () => this.#dropLink(),
    });
  }

  get opened() {
    return this.#opened;
  }

  /** @param {number} id */
  async openRequest(id) {
    this.#set({ kind: "request", id, replay: null });
    await this.#load(id);
  }

  /** @param {string} id */
  openLink(id) {
    this.#set({ kind: "link", id });
    this.showLinks();
  }

  /** One step back: from a comparison to its request, from anything else to the list. */
  close() {
    if (this.#opened === null) return;
    if (this.#opened.kind === "request" && this.#opened.replay !== null) this.#back();
    else {
      this.#pane.close();
      this.#set(null);
    }
  }

  /** Closes the request that is open, with all that is beside it. */
  forget() {
    if (this.#opened?.kind !== "request") return;
    this.#pane.close();
    this.#set(null);
  }

  /** Renews the open link, if one is. */
  showLinks() {
    if (this.#opened?.kind !== "link") return;
    const { id } = this.#opened;
    const link = this.#state.links.find((other) => other.id === id);
    if (link === undefined) this.#pane.error = "This session has ended.";
    else this.#pane.showLink(link, { streams: this.#state.streams, events: this.#state.linkEvents });
  }

  /** Asks anew for the open request when it is among those that changed. @param {(id: number) => boolean} isAmong */
  async renew(isAmong) {
    if (this.#opened?.kind !== "request" || this.#opened.replay !== null) return;
    if (isAmong(this.#opened.id)) await this.#load(this.#opened.id);
  }

  /** Whether the open request goes on: what it moves is not told by events. */
  get goesOn() {
    return this.#opened?.kind === "request" && this.#opened.replay === null &&
      this.#exchange?.state === "open";
  }

  /** Sends a request once more and shows both answers. @param {number} id */
  async replay(id) {
    if (this.#opened?.kind !== "request" || this.#opened.id !== id) await this.openRequest(id);
    await this.#tell(async () => {
      this.#pane.busy = true;
      this.#top.notice("Replaying …");
      const replay = await this.#client.ask(`/api/requests/${id}/replay`, { method: "POST" });
      this.#top.notice(`Replayed as request ${replay.id}`);
      if (this.#isOpen(id)) await this.#showComparison(id, replay);
    });
    this.#pane.busy = false;
  }

  /** Copies a request as a curl command. @param {number} id */
  async copy(id) {
    await this.#tell(async () => {
      const exchange = await this.#client.ask(`/api/requests/${id}`);
      const url = this.#state.status?.url ?? location.href;
      const { text, notes } = curlCommand(exchange, { url });
      const copied = await copyText(text);
      if (!copied) throw new Error("The browser does not let this page use the clipboard.");
      this.#top.notice(["Copied as curl", ...notes].join("; "));
    });
  }

  /** @param {Opened} opened */
  #set(opened) {
    this.#opened = opened;
    this.#exchange = null;
    this.#changed();
  }

  /** @param {number} id */
  #isOpen(id) {
    return this.#opened?.kind === "request" && this.#opened.id === id;
  }

  /** @param {number} id */
  async #load(id) {
    // Something else may be opened, or the comparison begun, while it is on its way.
    const isWanted = () =>
      this.#opened?.kind === "request" && this.#opened.id === id && this.#opened.replay === null;
    try {
      const exchange = await this.#client.ask(`/api/requests/${id}`);
      if (!isWanted()) return;
      this.#exchange = exchange;
      this.#pane.error = "";
      this.#pane.showRequest(exchange);
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      if (isWanted()) this.#pane.showMissing(id, error.message);
    }
  }

  /**
   * @param {number} id
   * @param {ExchangeDetail} replay
   */
  async #showComparison(id, replay) {
    const original = await this.#client.ask(`/api/requests/${id}`);
    if (!this.#isOpen(id)) return;
    this.#opened = { kind: "request", id, replay: replay.id };
    this.#pane.showComparison(original, replay);
  }

  #replayOpened() {
    if (this.#opened?.kind === "request") void this.replay(this.#opened.id);
  }

  #copyOpened() {
    if (this.#opened?.kind === "request") void this.copy(this.#opened.id);
  }

  /** From a replay to the comparison with what it repeats. */
  #compare() {
    const replay = this.#exchange;
    if (replay === null || replay.replayOf === null) return;
    const original = replay.replayOf;
    void this.#tell(async () => {
      const exchange = await this.#client.ask(`/api/requests/${original}`);
      this.#set({ kind: "request", id: original, replay: replay.id });
      this.#pane.showComparison(exchange, replay);
    });
  }

  #back() {
    if (this.#opened?.kind === "request") void this.openRequest(this.#opened.id);
  }

  #dropLink() {
    if (this.#opened?.kind !== "link") return;
    const { id } = this.#opened;
    void this.#tell(async () => {
      await this.#client.ask(`/api/links/${encodeURIComponent(id)}`, { method: "DELETE" });
      this.#top.notice("Dropped: the runner dials again, and its streams go on");
    });
  }

  /** Does something and says where it failed, beside what is open. @param {() => Promise<void>} act */
  async #tell(act) {
    try {
      this.#pane.error = "";
      await act();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (this.#pane.isOpen) this.#pane.error = message;
      this.#top.notice(message);
    }
  }
}
