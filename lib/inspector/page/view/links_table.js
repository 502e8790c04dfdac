/** @import { LinkJson } from "../../api_shapes.ts" */
import { byId, el, setText, syncChildren } from "../dom.js";
import { formatMs, formatOffset, printable } from "../model/format.js";
import { drawSparkline, makeSparkline } from "./sparkline.js";

/** What each state means, for those who hover. @type {Record<string, string>} */
const stateWords = {
  connecting: "the link shakes hands",
  alive: "pongs come in time",
  late: "no pong for two intervals",
  hibernating: "the link is gone; its streams wait for the runner to dial again",
};

/** Every session and its link. */
export class LinksTable {
  #body = byId("links");
  #empty = byId("no-links");
  #open;

  /** @param {(id: string) => void} open told when somebody wants to see one */
  constructor(open) {
    this.#open = open;
  }

  /**
   * @param {LinkJson[]} links
   * @param {{ opened: string | null, side: string }} options
   */
  show(links, { opened, side }) {
    syncChildren(this.#body, links, {
      key: (link) => link.id,
      make: (link) => this.#makeRow(link.id),
      update: (row, link) => updateRow(row, link, opened === link.id),
    });
    this.#empty.hidden = links.length > 0;
    setText(
      this.#empty,
      side === "gateway"
        ? "No runner has connected yet."
        : "No link to the gateway yet; it is dialled again and again.",
    );
  }

  /** Puts the focus on a link. @param {string} id */
  focus(id) {
    /** @type {HTMLElement | null} */
    const button = this.#body.querySelector(`[data-key="${CSS.escape(id)}"] button`);
    button?.focus();
  }

  /** Adds a round trip to the small curve before the next answer of the API has it. @param {LinkJson} link */
  showRtt(link) {
    const row = this.#body.querySelector(`[data-key="${CSS.escape(link.id)}"]`);
    if (row !== null) updateRtt(row, link);
  }

  /** @param {string} id */
  #makeRow(id) {
    return el(
      "tr",
      { onclick: () => this.#open(id) },
      el(
        "th",
        { scope: "row", class: "name" },
        el("button", { type: "button", class: "plain link-name", "aria-controls": "detail" }),
        el("span", { class: "address" }),
      ),
      el("td", { class: "state" }, el("span", { class: "pill" })),
      el("td", { class: "curve" }, makeSparkline()),
      cell("Last"),
      cell("p50"),
      cell("p90"),
      cell("p99"),
      cell("Clock offset"),
      cell("Streams"),
      cell("Since"),
    );
  }
}

/** @param {string} label shown before the value where there is no room for columns */
function cell(label) {
  return el("td", { class: "number", "data-label": label });
}

/**
 * @param {HTMLElement} row
 * @param {LinkJson} link
 * @param {boolean} opened
 */
function updateRow(row, link, opened) {
  const [name, state] = row.children;
  const [button, address] = name.children;
  setText(button, link.runner === "" ? "(new)" : printable(link.runner));
  setText(address, printable(link.address));
  row.classList.toggle("opened", opened);
  const pill = /** @type {HTMLElement} */ (state.firstElementChild);
  setText(pill, link.draining && link.state !== "hibernating" ? `${link.state}, draining` : link.state);
  pill.setAttribute("data-state", link.state);
  pill.title = stateWords[link.state] ?? "";
  updateRtt(row, link);
  const [, , , , , , , offset, streams, since] = row.children;
  setText(offset, formatOffset(link.clockOffset));
  setText(streams, String(link.streams));
  setText(since, formatMs(link.sinceMs));
}

/**
 * @param {Element} row
 * @param {LinkJson} link
 */
function updateRtt(row, link) {
  const [, , curve, last, p50, p90, p99] = row.children;
  drawSparkline(/** @type {SVGSVGElement} */ (curve.firstElementChild), link.recentRttMs);
  const { percentiles } = link;
  setText(
    last,
    link.recentRttMs.length === 0 ? "–" : formatMs(/** @type {number} */ (link.recentRttMs.at(-1))),
  );
  setText(p50, percentiles === null ? "–" : formatMs(percentiles.p50Ms));
  setText(p90, percentiles === null ? "–" : formatMs(percentiles.p90Ms));
  setText(p99, percentiles === null ? "–" : formatMs(percentiles.p99Ms));
}
