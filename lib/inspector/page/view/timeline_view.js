/** @import { ExchangeDetail, MessageJson } from "../../api_shapes.ts" */
/** @import { TimelineEntry } from "../model/exchange_timeline.js" */
import { el, setText, syncChildren } from "../dom.js";
import { exchangeTimeline, linkChangeWords, messagesNotKept } from "../model/exchange_timeline.js";
import { formatBytes, formatMs, preview, printable } from "../model/format.js";
import { showBody } from "./body_view.js";

/** Characters of a message in its line. */
const previewLength = 160;

/** Messages, link changes and closes of an exchange, in the order they happened; it grows while the exchange goes on. */
export class TimelineView {
  #list = el("ol", { class: "timeline" });
  #note = el("p", { class: "quiet", hidden: true });
  #title = el("h3", {});
  /** @type {HTMLElement} */
  element = el("section", { class: "happened" }, this.#title, this.#note, this.#list);

  /** @param {ExchangeDetail} exchange */
  show(exchange) {
    const entries = exchangeTimeline(exchange);
    const isWebSocket = exchange.kind === "websocket";
    this.element.hidden = entries.length === 0 && !isWebSocket;
    setText(this.#title, isWebSocket ? "Messages" : "Link changes it lived through");
    const missing = messagesNotKept(exchange);
    const { received, sent } = exchange.messages;
    const counts = isWebSocket ? `${received} from the client ↑, ${sent} to it ↓` : "";
    this.#note.hidden = counts === "";
    setText(this.#note, missing === 0 ? counts : `${counts}; ${missing} of them are not kept`);
    // The longest list is that of a busy WebSocket: whoever reads at its end stays there.
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    const atEnd = scrollHeight - scrollTop - clientHeight < 8;
    syncChildren(this.#list, entries, { key: (entry) => entry.key, make: makeEntry, update: updateEntry });
    if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }
}

/** @param {TimelineEntry} entry @returns {HTMLElement} */
function makeEntry(entry) {
  const time = el("span", { class: "at" }, `+${formatMs(entry.atMs)}`);
  switch (entry.kind) {
    case "message":
      return makeMessage(entry.message, time);
    case "link":
      return el(
        "li",
        { class: "link-change", "data-change": entry.change },
        time,
        el("strong", {}, linkChangeWords(entry.change)),
        el("span", { class: "detail" }, printable(entry.detail)),
      );
    case "close":
      return el(
        "li",
        { class: "close-frame" },
        time,
        arrow(entry.direction),
        el("strong", {}, entry.code === null ? "close" : `close ${entry.code}`),
        el("span", { class: "detail" }, printable(entry.reason)),
      );
  }
}

/**
 * @param {MessageJson} message
 * @param {HTMLElement} time
 */
function makeMessage(message, time) {
  const text = el("span", { class: "preview" });
  const summary = el("summary", {}, time, arrow(message.direction), text, el("span", { class: "length" }));
  const details = el("details", {}, summary);
  const item = el("li", { class: "message", "data-direction": message.direction }, details);
  details.addEventListener("toggle", () => showMessage(item, details));
  shown.set(item, message);
  return item;
}

/** The message behind each line. @type {WeakMap<HTMLElement, MessageJson>} */
const shown = new WeakMap();

/**
 * @param {HTMLElement} item
 * @param {TimelineEntry} entry
 */
function updateEntry(item, entry) {
  if (entry.kind !== "message") return;
  const { message } = entry;
  const grown = shown.get(item)?.bytes !== message.bytes;
  shown.set(item, message);
  const summary = /** @type {HTMLElement} */ (item.querySelector("summary"));
  const [, , text, length] = summary.children;
  setText(text, messageLine(message));
  setText(length, formatBytes(message.bytes));
  if (grown) showMessage(item, /** @type {HTMLDetailsElement} */ (item.firstElementChild));
}

/**
 * @param {HTMLElement} item
 * @param {HTMLDetailsElement} details
 */
function showMessage(item, details) {
  const message = shown.get(item);
  if (details.open && message !== undefined) showBody(details, message, "");
  else details.querySelector(".body")?.remove();
}

/** @param {MessageJson} message */
function messageLine({ text, binary, bytes }) {
  if (bytes === 0) return "(empty)";
  return text === null || binary
    ? `binary${text === null ? "" : `: ${preview(text, previewLength)}`}`
    : preview(text, previewLength);
}

/** @param {"received" | "sent"} direction */
function arrow(direction) {
  const [sign, words] = direction === "received" ? ["↑", "from the client"] : ["↓", "to the client"];
  return el("span", {
    class: "arrow",
    role: "img",
    "aria-label": words,
    title: words,
    "data-direction": direction,
  }, sign);
}
