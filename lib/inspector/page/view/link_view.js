/** @import { LinkEventJson, LinkJson, StreamJson } from "../../api_shapes.ts" */
import { el, factItems, setText, syncChildren } from "../dom.js";
import { formatBytes, formatClock, formatCount, formatMs, formatOffset, printable } from "../model/format.js";

/** Streams and events listed at most. */
const maxListed = 200;

/** One session: its link, its streams, what became of it. */
export class LinkView {
  #facts = el("dl", { class: "facts" });
  #streams = el("tbody", {});
  #streamsTitle = el("h3", {});
  #events = el("ol", { class: "timeline" });
  /** @type {HTMLElement} */
  element;

  constructor() {
    const head = ["Stream", "Method", "Path", "State", "Age", "Waiting"].map((text) =>
      el("th", { scope: "col" }, text)
    );
    const table = el("table", { class: "streams" }, el("thead", {}, el("tr", {}, ...head)), this.#streams);
    this.element = el(
      "div",
      { class: "link-view" },
      this.#facts,
      this.#streamsTitle,
      table,
      el("h3", {}, "What became of it"),
      this.#events,
    );
  }

  /**
   * @param {LinkJson} link
   * @param {{ streams: readonly StreamJson[], events: readonly LinkEventJson[] }} all of every link
   */
  show(link, { streams, events }) {
    this.#facts.replaceChildren(...factItems(factsOf(link)));
    // One that hibernates belongs to nobody but the runner's name.
    const its = streams.filter((stream) =>
      stream.link === link.id || (stream.link === "" && stream.runner === link.runner)
    );
    setText(this.#streamsTitle, its.length === 0 ? "No streams now" : formatCount(its.length, "stream"));
    syncChildren(this.#streams, its.slice(0, maxListed), {
      key: ({ id }) => id,
      make: makeStream,
      update: updateStream,
    });
    const happened = events.filter((event) => event.link === link.id).slice(-maxListed).reverse();
    syncChildren(this.#events, happened, {
      key: ({ at, kind }) => `${at} ${kind}`,
      make: ({ at, kind, detail }) =>
        el(
          "li",
          { class: "link-change", "data-change": kind },
          el("span", { class: "at" }, formatClock(at, { millis: true })),
          el("strong", {}, kind),
          el("span", { class: "detail" }, printable(detail)),
        ),
    });
  }
}

/** @param {LinkJson} link @returns {HTMLElement} */
export function linkTitle(link) {
  const pill = el("span", { class: "pill" }, link.state);
  pill.setAttribute("data-state", link.state);
  return el("h2", { tabindex: "-1" }, el("bdi", { class: "target" }, printable(link.runner)), " ", pill);
}

/** @param {StreamJson} stream */
function makeStream({ id, method, path, kind }) {
  return el(
    "tr",
    {},
    el("td", { class: "id" }, id),
    el("td", {}, kind === "websocket" ? "WebSocket" : printable(method)),
    el("td", { class: "path" }, el("bdi", {}, printable(path))),
    el("td", {}),
    el("td", { class: "number" }),
    el("td", { class: "number" }),
  );
}

/**
 * @param {Element} row
 * @param {StreamJson} stream
 */
function updateStream(row, { state, ageMs, bufferedBytes, undeliveredBytes }) {
  const [, , , stateCell, age, waiting] = row.children;
  setText(stateCell, state);
  stateCell.setAttribute("data-state", state);
  setText(age, formatMs(ageMs));
  setText(waiting, formatBytes(bufferedBytes + undeliveredBytes));
}

/** @param {LinkJson} link @returns {[string, string | null][]} */
function factsOf(link) {
  const { percentiles, rtt } = link;
  return [
    [link.state === "hibernating" ? "Gone for" : "Up for", formatMs(link.sinceMs)],
    ["Address", printable(link.address)],
    ["Program", printable(link.agent)],
    ["Session", link.id],
    ["Links so far", String(link.linkCount)],
    ["Round trip", rtt.samples === 0 ? "–" : `${formatMs(rtt.smoothedMs)} ± ${formatMs(rtt.variationMs)}`],
    [
      "p50 / p90 / p99",
      percentiles === null
        ? "–"
        : `${formatMs(percentiles.p50Ms)} / ${formatMs(percentiles.p90Ms)} / ${formatMs(percentiles.p99Ms)}`,
    ],
    ["Clock offset", formatOffset(link.clockOffset)],
    ["Sent", formatBytes(link.sentBytes)],
    ["Received", formatBytes(link.receivedBytes)],
    ["Held for the other end", formatBytes(link.bufferedBytes)],
  ];
}
