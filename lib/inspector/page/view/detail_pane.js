/** @import { ExchangeDetail, LinkEventJson, LinkJson, StreamJson } from "../../api_shapes.ts" */
import { byId, el, setText } from "../dom.js";
import { compareView } from "./compare_view.js";
import { linkTitle, LinkView } from "./link_view.js";
import { requestTitle, RequestView } from "./request_view.js";

/** Below this width the pane covers the page. */
const coversPage = matchMedia("(max-width: 899px)");

/**
 * @typedef {object} DetailActions
 * @property {() => void} close
 * @property {() => void} replay
 * @property {() => void} copy
 * @property {() => void} compare shows a replay beside what it repeats
 * @property {() => void} back from the comparison to the request
 * @property {() => void} dropLink
 */

/** @typedef {[label: string, key: string, act: () => void]} Action */

/** The pane beside the list: a request, two answers side by side, or a link. */
export class DetailPane {
  #pane = byId("detail");
  #title = el("div", { class: "detail-title" });
  #buttons = el("div", { class: "actions" });
  #error = el("p", { class: "error-line", role: "alert", hidden: true });
  #content = el("div", { class: "detail-content", tabindex: "-1" });
  #actions;
  /** @type {RequestView | LinkView | null} */
  #view = null;
  #shown = "";

  /** @param {DetailActions} actions */
  constructor(actions) {
    this.#actions = actions;
    const close = el("button", {
      type: "button",
      class: "close",
      "aria-label": "Close",
      title: "Close (Esc)",
    }, "×");
    close.addEventListener("click", actions.close);
    const head = el("header", { class: "detail-head" }, this.#title, this.#buttons, close);
    this.#pane.append(head, this.#error, this.#content);
    coversPage.addEventListener("change", () => this.#cover());
  }

  /** Whether anything is open. */
  get isOpen() {
    return !this.#pane.hidden;
  }

  /** @param {ExchangeDetail} exchange */
  showRequest(exchange) {
    const isNew = this.#begin(`request ${exchange.id}`);
    this.#title.replaceChildren(requestTitle(exchange));
    if (isNew || !(this.#view instanceof RequestView)) {
      this.#view = new RequestView();
      this.#content.replaceChildren(this.#view.element);
      /** @type {Action[]} */
      const actions = [["Copy as curl", "c", this.#actions.copy]];
      if (exchange.kind === "http") actions.unshift(["Replay", "r", this.#actions.replay]);
      if (exchange.replayOf !== null) actions.push(["Compare with original", "", this.#actions.compare]);
      this.#showButtons(actions);
    }
    this.#view.show(exchange);
    if (isNew) this.#arrived();
  }

  /**
   * @param {ExchangeDetail} original
   * @param {ExchangeDetail} replay
   */
  showComparison(original, replay) {
    const isNew = this.#begin(`compare ${original.id} ${replay.id}`);
    this.#view = null;
    this.#title.replaceChildren(requestTitle(original));
    this.#content.replaceChildren(compareView(original, replay));
    this.#showButtons([["Replay again", "r", this.#actions.replay], [
      "Back to the request",
      "",
      this.#actions.back,
    ]]);
    if (isNew) this.#arrived();
  }

  /**
   * @param {LinkJson} link
   * @param {{ streams: readonly StreamJson[], events: readonly LinkEventJson[] }} all
   */
  showLink(link, all) {
    const isNew = this.#begin(`link ${link.id}`);
    this.#title.replaceChildren(linkTitle(link));
    if (isNew || !(this.#view instanceof LinkView)) {
      this.#view = new LinkView();
      this.#content.replaceChildren(this.#view.element);
      this.#showButtons([["Drop this link", "", this.#actions.dropLink]]);
    }
    this.#view.show(link, all);
    if (isNew) this.#arrived();
  }

  /**
   * Says why a request cannot be shown. What of it is seen already stays.
   *
   * @param {number} id
   * @param {string} message
   */
  showMissing(id, message) {
    const isNew = this.#begin(`request ${id}`);
    if (isNew) {
      this.#view = null;
      this.#title.replaceChildren(el("h2", { tabindex: "-1" }, `Request ${id}`));
      this.#content.replaceChildren();
      this.#showButtons([]);
    }
    this.error = message;
    if (isNew) this.#arrived();
  }

  /** A request to the API is under way, or over. @param {boolean} busy */
  set busy(busy) {
    this.#pane.setAttribute("aria-busy", String(busy));
    const first = this.#buttons.querySelector("button");
    if (first !== null) first.disabled = busy;
  }

  /** What went wrong, or `""`. @param {string} message */
  set error(message) {
    this.#error.hidden = message === "";
    setText(this.#error, message);
  }

  close() {
    this.#pane.hidden = true;
    this.#shown = "";
    this.#view = null;
    this.error = "";
    this.#content.replaceChildren();
    this.#cover();
  }

  /** @param {string} what @returns {boolean} whether it is another than before */
  #begin(what) {
    const isNew = this.#shown !== what;
    this.#shown = what;
    this.#pane.hidden = false;
    if (isNew) {
      this.error = "";
      this.#content.scrollTop = 0;
    }
    return isNew;
  }

  #arrived() {
    this.#cover();
    // Where it covers the page, what had the focus cannot be seen any more.
    if (coversPage.matches) this.#title.querySelector("h2")?.focus();
  }

  #cover() {
    const covered = this.isOpen && coversPage.matches;
    document.body.classList.toggle("covered", covered);
    for (const selector of [".top", ".overview", ".toolbar", ".list-pane", ".keys"]) {
      document.querySelector(selector)?.toggleAttribute("inert", covered);
    }
  }

  /** @param {Action[]} buttons */
  #showButtons(buttons) {
    this.#buttons.replaceChildren(...buttons.map(([label, key, action]) => button(label, key, action)));
  }
}

/**
 * @param {string} label
 * @param {string} key
 * @param {() => void} action
 */
function button(label, key, action) {
  const made = el(
    "button",
    { type: "button", onclick: action, "aria-keyshortcuts": key === "" ? null : key },
    label,
  );
  if (key !== "") made.append(" ", el("kbd", { "aria-hidden": "true" }, key));
  return made;
}
