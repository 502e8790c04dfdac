/** @import { Predicate } from "./model/request_filter.js" */
import { byId, el, setText } from "./dom.js";
import { formatCount } from "./model/format.js";
import { isError, requestFilter } from "./model/request_filter.js";

/** @type {[label: string, holds: Predicate][]} */
const quickFilters = [
  ["All", () => true],
  ["HTTP", ({ kind }) => kind === "http"],
  ["WebSocket", ({ kind }) => kind === "websocket"],
  ["Errors", isError],
];

/** Filter line, quick filters, pause and count above the list. */
export class Toolbar {
  #field = /** @type {HTMLInputElement} */ (byId("filter"));
  #pause = byId("pause");
  #count = byId("count");
  #changed;
  /** @type {Predicate} */
  #quick = quickFilters[0][1];
  /** @type {Predicate} */
  #line = () => true;
  #paused = false;

  /** @param {{ changed: () => void, leave: () => void }} events `leave`: the field gives the focus away */
  constructor({ changed, leave }) {
    this.#changed = changed;
    this.#field.addEventListener("input", () => {
      this.#line = requestFilter(this.#field.value);
      changed();
    });
    this.#field.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" && event.key !== "Enter" && event.key !== "ArrowDown") return;
      event.preventDefault();
      if (event.key !== "Escape" || this.#field.value === "") return leave();
      this.#field.value = "";
      this.#field.dispatchEvent(new Event("input"));
    });
    this.#pause.addEventListener("click", () => this.togglePause());
    this.#addQuickFilters();
  }

  get isPaused() {
    return this.#paused;
  }

  /** Whether a request is to be listed. @type {Predicate} */
  matches = (request) => this.#quick(request) && this.#line(request);

  focus() {
    this.#field.focus();
    this.#field.select();
  }

  togglePause() {
    this.#paused = !this.#paused;
    this.#pause.setAttribute("aria-pressed", String(this.#paused));
    this.#changed();
  }

  /** @param {number} waiting requests that came while the list is held still */
  showWaiting(waiting) {
    setText(this.#pause, this.#paused ? waiting === 0 ? "Paused" : `Paused, ${waiting} new` : "Pause");
  }

  /** @param {{ matching: number, all: number, unrecorded: number }} counts */
  showCount({ matching, all, unrecorded }) {
    const parts = [
      matching === all ? formatCount(all, "request") : `${matching} of ${formatCount(all, "request")}`,
    ];
    if (unrecorded > 0) parts.push(`${unrecorded.toLocaleString("en")} more went by unrecorded`);
    setText(this.#count, parts.join(" · "));
  }

  #addQuickFilters() {
    const buttons = quickFilters.map(([label], i) =>
      el("button", { type: "button", "aria-pressed": String(i === 0) }, label)
    );
    for (const [i, button] of buttons.entries()) {
      button.addEventListener("click", () => {
        for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
        this.#quick = quickFilters[i][1];
        this.#changed();
      });
    }
    byId("quick").append(...buttons);
  }
}
