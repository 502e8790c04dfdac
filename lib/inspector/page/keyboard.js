/**
 * What keys do.
 *
 * @typedef {object} KeyActions
 * @property {(by: number) => void} move
 * @property {() => void} open
 * @property {() => void} close
 * @property {() => void} filter
 * @property {() => void} replay
 * @property {() => void} copy
 * @property {() => void} pause
 */

const farAway = 1_000_000;

/** Rows of a page up or down. */
const page = 15;

/** @type {Record<string, number>} */
const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -farAway, End: farAway };

/**
 * Listens to keys. Those that are typed into a field are the field's; arrows belong to whatever scrolls under them,
 * unless that is the page itself or the list.
 *
 * @param {KeyActions} actions
 * @param {{ inList: () => boolean }} options
 */
export function listenToKeys(actions, { inList }) {
  /** @type {Record<string, () => void>} */
  const letters = {
    "/": actions.filter,
    r: actions.replay,
    c: actions.copy,
    p: actions.pause,
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
    const { key, target } = event;
    if (document.querySelector("dialog[open]") !== null || isField(target)) return;
    if (key === "Escape") return act(event, actions.close);
    const inPage = target === document.body || inList();
    if (inPage && Object.hasOwn(moves, key)) return act(event, () => actions.move(moves[key]));
    if (inList() && (key === "Enter" || key === " ")) return act(event, actions.open);
    if (Object.hasOwn(letters, key) && !event.repeat) act(event, letters[key]);
  });
}

/**
 * @param {KeyboardEvent} event
 * @param {() => void} action
 */
function act(event, action) {
  event.preventDefault();
  action();
}

/** @param {EventTarget | null} target */
function isField(target) {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}
