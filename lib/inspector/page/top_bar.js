/** @import { StatusJson } from "../api_shapes.ts" */
import { byId, factItems, setText } from "./dom.js";
import { formatBytes, formatMs } from "./model/format.js";

/** How long a notice stays, milliseconds. */
const noticeMs = 4_000;

/** The line on top, the banner below it, and the notice at the foot. */
export class TopBar {
  #side = byId("side");
  #facts = byId("facts");
  #connection = byId("connection");
  #banner = byId("banner");
  #notice = byId("notice");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {StatusJson} status */
  showStatus(status) {
    setText(this.#side, status.side);
    document.title = `tunnel ${status.side} inspector`;
    this.#facts.replaceChildren(...factItems([
      ["", status.draining ? "draining" : null],
      [status.side === "gateway" ? "Clients at" : "Gateway", status.url.replace(/\/$/, "")],
      ["Links", String(status.links)],
      ["Streams", String(status.streams)],
      ["Hibernating", status.hibernating === 0 ? null : String(status.hibernating)],
      ["Held", formatBytes(status.bufferedBytes)],
      ["Up", formatMs(status.now - status.startedAt)],
      ["", status.agent],
    ]));
  }

  get isLive() {
    return this.#connection.dataset.state === "live";
  }

  live() {
    this.#connection.dataset.state = "live";
    setText(this.#connection, "live");
    this.#banner.hidden = true;
  }

  /** @param {string} reason */
  lost(reason) {
    this.#connection.dataset.state = "lost";
    setText(this.#connection, "not connected");
    setText(
      this.#banner,
      `The connection to the admin port is lost: ${reason}. What is shown may be old. It is tried again by itself.`,
    );
    this.#banner.hidden = false;
  }

  /** Says something for a moment. @param {string} text */
  notice(text) {
    clearTimeout(this.#timer);
    setText(this.#notice, text);
    this.#timer = setTimeout(() => setText(this.#notice, ""), noticeMs);
  }
}
