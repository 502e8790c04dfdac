/** @import { ExchangeSummary } from "../../api_shapes.ts" */
import { byId, el, setText, syncChildren } from "../dom.js";
import { formatBytes, formatClock, formatMs, printable } from "../model/format.js";
import { isError } from "../model/request_filter.js";

/** Rows shown at first, and added by each "show older". */
const pageRows = 250;

/**
 * @typedef {object} ListEvents
 * @property {(id: number) => void} open
 * @property {(id: number) => void} chosen a key went to another row
 */

/** The list of requests: bounded rows, kept while they live, walked by arrow keys. */
export class RequestList {
  #rows = byId("rows");
  #grid = byId("list");
  #more = byId("more");
  #events;
  #shown = pageRows;
  /** @type {ExchangeSummary[]} */
  #requests = [];
  /** @type {number | null} */
  #chosen = null;
  /** @type {number | null} */
  #opened = null;
  #pressed = false;
  #stale = false;

  /** @param {ListEvents} events */
  constructor(events) {
    this.#events = events;
    this.#rows.addEventListener("click", (event) => this.#clicked(event));
    this.#rows.addEventListener("focusin", (event) => this.#focused(event));
    this.#more.addEventListener("click", () => {
      this.#shown += pageRows;
      this.#render();
    });
    // Rows that move between press and release would make a click go astray.
    this.#rows.addEventListener("pointerdown", () => this.#pressed = true);
    addEventListener("pointerup", () => this.#released());
    addEventListener("pointercancel", () => this.#released());
  }

  /** The request that keys act on; the newest where none was chosen. @returns {number | null} */
  get chosen() {
    return this.#chosen ?? this.#requests[0]?.id ?? null;
  }

  /** Whether the focus is on one of its rows. */
  get hasFocus() {
    return this.#rows.contains(document.activeElement);
  }

  /** @param {ExchangeSummary[]} requests newest first */
  show(requests) {
    this.#requests = requests;
    if (this.#pressed) this.#stale = true;
    else this.#render();
  }

  /** Forgets every row: a number stands for another request from now on. */
  clear() {
    this.#requests = [];
    this.#chosen = null;
    this.#render();
  }

  /** Marks the request that is open. @param {number | null} id */
  mark(id) {
    this.#opened = id;
    if (id !== null) this.#chosen = id;
    this.#render();
  }

  /** Shows the first rows alone again. */
  rewind() {
    this.#shown = pageRows;
  }

  /**
   * Chooses the row `by` further down; the first of a list without a chosen one.
   *
   * @param {number} by
   */
  move(by) {
    const rows = this.#visible();
    if (rows.length === 0) return;
    const at = rows.findIndex(({ id }) => id === this.#chosen);
    const to = at === -1 ? 0 : Math.max(0, Math.min(rows.length - 1, at + by));
    this.#choose(rows[to].id);
    this.#events.chosen(rows[to].id);
  }

  /** Puts the focus on the chosen row. */
  focus() {
    if (this.chosen !== null) this.#choose(this.chosen);
  }

  /** @param {number} id */
  #choose(id) {
    this.#chosen = id;
    this.#render();
    const row = this.#rows.querySelector(`[data-key="${id}"]`);
    if (!(row instanceof HTMLElement)) return;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  #visible() {
    return this.#requests.slice(0, this.#shown);
  }

  #render() {
    this.#stale = false;
    const rows = this.#visible();
    const focusLost = this.hasFocus && !rows.some(({ id }) => id === this.#chosen);
    const tabStop = rows.some(({ id }) => id === this.#chosen) ? this.#chosen : rows[0]?.id;
    syncChildren(this.#rows, rows, {
      key: ({ id }) => String(id),
      make: makeRow,
      update: (row, request) => {
        row.tabIndex = request.id === tabStop ? 0 : -1;
        row.setAttribute("aria-selected", String(request.id === this.#opened));
        updateRow(row, request);
      },
    });
    this.#grid.setAttribute("aria-rowcount", String(this.#requests.length + 1));
    this.#more.hidden = this.#requests.length <= this.#shown;
    // The row that had the focus is gone: keys go on from the last of those that are left.
    const last = rows.at(-1);
    if (focusLost && last !== undefined) this.#choose(last.id);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const id = rowId(event.target);
    if (id !== null) this.#events.open(id);
  }

  /** @param {FocusEvent} event */
  #focused(event) {
    const id = rowId(event.target);
    if (id !== null) this.#chosen = id;
  }

  #released() {
    this.#pressed = false;
    // After the click that belongs to this release.
    if (this.#stale) setTimeout(() => this.#render());
  }
}

/** @param {EventTarget | null} target */
function rowId(target) {
  const row = target instanceof Element ? target.closest(".row") : null;
  return row === null ? null : Number(row.getAttribute("data-key"));
}

/** @param {ExchangeSummary} request */
function makeRow(request) {
  return el(
    "div",
    { class: "row", role: "row" },
    el("span", { role: "gridcell", class: "started" }, formatClock(request.startedAt)),
    el("span", { role: "gridcell", class: "method" }, printable(request.method)),
    el(
      "span",
      { role: "gridcell", class: "path", title: printable(request.host + request.target) },
      el("bdi", {}, printable(request.target)),
      request.replayOf === null ? null : el("span", { class: "tag" }, `replay of ${request.replayOf}`),
      el("span", { class: "tag link-tag", hidden: true }),
      el("span", { class: "tag problem-tag", hidden: true }),
    ),
    el("span", { role: "gridcell", class: "status" }),
    el("span", { role: "gridcell", class: "time number" }),
    el("span", { role: "gridcell", class: "size number" }),
    el("span", { role: "gridcell", class: "runner" }, printable(request.runner)),
  );
}

/** What each row shows, so that those that did not change are left alone. @type {WeakMap<HTMLElement, string>} */
const shown = new WeakMap();

/**
 * @param {HTMLElement} row
 * @param {ExchangeSummary} request
 */
function updateRow(row, request) {
  const signature = JSON.stringify(request);
  if (shown.get(row) === signature) return;
  shown.set(row, signature);
  const [, , path, status, time, size] = row.children;
  setText(status, statusText(request));
  status.setAttribute("data-class", statusClass(request));
  setText(time, formatMs(request.durationMs));
  setText(size, sizeText(request));
  row.setAttribute("data-state", request.state);
  const [linkTag, problemTag] = [...path.children].slice(-2);
  showTag(linkTag, linkWords(request));
  linkTag.setAttribute("data-change", request.lastLinkChange ?? "");
  showTag(problemTag, request.problem ?? "");
}

/**
 * @param {Element} tag
 * @param {string} words none: it is not shown
 */
function showTag(tag, words) {
  tag.toggleAttribute("hidden", words === "");
  setText(tag, words);
}

/** @param {ExchangeSummary} request @returns {string} */
export function statusText({ status, state, problem }) {
  if (status !== 0) return String(status);
  if (state === "open") return "…";
  return problem === null ? "–" : "failed";
}

/** For colours: `1` to `5`, `open`, or `failed`. @param {ExchangeSummary} request @returns {string} */
export function statusClass(request) {
  if (request.status === 0) return request.state === "open" ? "open" : "failed";
  return isError(request) && request.status < 400 ? "failed" : String(Math.floor(request.status / 100));
}

/** @param {ExchangeSummary} request */
function sizeText({ kind, messages, responseBytes, status }) {
  if (kind === "websocket" && status === 101) return `${messages.received}↑ ${messages.sent}↓`;
  return formatBytes(responseBytes);
}

/** What to know of its link at a glance. @param {ExchangeSummary} request */
function linkWords({ state, lastLinkChange, linkChanges }) {
  if (lastLinkChange === null) return "";
  if (state === "open" && lastLinkChange === "hibernating") return "hibernating";
  if (state === "open" && lastLinkChange === "dropped") return "link lost";
  return `${linkChanges} link ${linkChanges === 1 ? "change" : "changes"}`;
}
