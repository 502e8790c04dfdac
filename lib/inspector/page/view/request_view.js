/** @import { BodyJson, ExchangeDetail, HeaderPair } from "../../api_shapes.ts" */
import { el, factItems, setText } from "../dom.js";
import { headerValue } from "../model/body_views.js";
import { formatBytes, formatClock, formatMs, printable } from "../model/format.js";
import { showBody } from "./body_view.js";
import { statusClass, statusText } from "./request_list.js";
import { TimelineView } from "./timeline_view.js";

/** Everything that is kept of one request or WebSocket; renewed in place while it goes on. */
export class RequestView {
  #facts = el("dl", { class: "facts" });
  #timeline = new TimelineView();
  #request = el("section", { class: "half", "aria-label": "Request" });
  #response = el("section", { class: "half", "aria-label": "Response" });
  #shown = { request: "", response: "" };
  /** @type {HTMLElement} */
  element;

  constructor() {
    const halves = el("div", { class: "halves" }, this.#request, this.#response);
    this.element = el("div", { class: "request-view" }, this.#facts, this.#timeline.element, halves);
  }

  /** @param {ExchangeDetail} exchange */
  show(exchange) {
    this.#facts.replaceChildren(...factItems(factsOf(exchange)));
    this.#timeline.show(exchange);
    const { requestHeaders, requestBody, responseHeaders, responseBody } = exchange;
    const isWebSocket = exchange.kind === "websocket" && exchange.status === 101;
    const request = JSON.stringify([requestHeaders, requestBody]);
    if (request !== this.#shown.request) {
      fill(this.#request, "Request", requestHeaders, isWebSocket ? null : requestBody);
    }
    const response = JSON.stringify([exchange.status, exchange.state, responseHeaders, responseBody]);
    if (response !== this.#shown.response) {
      fill(this.#response, "Response", responseHeaders, isWebSocket ? null : responseBody);
      if (exchange.status === 0) {
        const words = exchange.state === "open" ? "No answer yet." : "There was no answer.";
        this.#response.append(el("p", { class: "quiet" }, words));
      }
    }
    this.#shown = { request, response };
  }
}

/**
 * Method and target as a heading, with its status.
 *
 * @param {ExchangeDetail} exchange
 * @returns {HTMLElement}
 */
export function requestTitle(exchange) {
  const status = el("span", { class: "status" }, statusText(exchange));
  status.setAttribute("data-class", statusClass(exchange));
  return el(
    "h2",
    { tabindex: "-1" },
    el("span", { class: "method" }, printable(exchange.method)),
    " ",
    el("bdi", { class: "target" }, printable(exchange.target)),
    " ",
    status,
  );
}

/**
 * Headers as a table.
 *
 * @param {readonly HeaderPair[]} headers
 */
export function headersTable(headers) {
  const rows = headers.map(([name, value]) =>
    el("tr", {}, el("th", { scope: "row" }, printable(name)), el("td", {}, el("bdi", {}, printable(value))))
  );
  return el("table", { class: "headers" }, el("tbody", {}, ...rows));
}

/**
 * @param {HTMLElement} half
 * @param {string} title
 * @param {readonly HeaderPair[]} headers
 * @param {BodyJson | null} body
 */
function fill(half, title, headers, body) {
  const heading = el("h3", {}, title);
  const count = el("span", { class: "quiet" });
  setText(count, headers.length === 1 ? " 1 header" : ` ${headers.length} headers`);
  heading.append(count);
  for (const child of [...half.children]) if (body === null || !child.matches(".body")) child.remove();
  half.prepend(heading, headersTable(headers));
  if (body !== null) showBody(half, body, headerValue(headers, "content-type"));
}

/** @param {ExchangeDetail} exchange @returns {[string, string | null][]} */
function factsOf(exchange) {
  const { startedAt, durationMs, firstByteMs, requestBytes, responseBytes, problem, replayOf } = exchange;
  return [
    ["Problem", problem],
    ["Host", printable(exchange.host)],
    ["Started", formatClock(startedAt, { millis: true })],
    [exchange.state === "open" ? "Open for" : "Took", formatMs(durationMs)],
    ["First byte after", firstByteMs === null ? null : formatMs(firstByteMs)],
    ["Sent by client", formatBytes(requestBytes)],
    ["Sent to client", formatBytes(responseBytes)],
    ["Runner", printable(exchange.runner)],
    ["Client", exchange.client === "" ? null : exchange.client],
    [exchange.streams.length > 1 ? "Streams" : "Stream", exchange.streams.join(", ") || null],
    ["Replay of", replayOf === null ? null : String(replayOf)],
  ];
}
