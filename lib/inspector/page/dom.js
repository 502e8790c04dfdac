/**
 * Makes an element. Children that are strings become text, never markup: captured content is only ever shown this way.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean | ((event: any) => void) | null | undefined>} [properties]
 *   attributes; `class`; `onclick` and the like are listeners; `null`, `undefined` and `false` are left out
 * @param {...(Node | string | null)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/**
 * An element of the page's own HTML.
 *
 * @param {string} id
 * @returns {HTMLElement}
 * @throws {Error} when the page has none: its files do not belong together
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no element "${id}"`);
  return element;
}

/**
 * Sets a text where it is another than before.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * A list of terms and what they are, such as `Client` and an address.
 *
 * @param {[term: string, value: string | Node | null][]} facts those with `null` are left out
 * @returns {HTMLElement[]}
 */
export function factItems(facts) {
  return facts.filter(([, value]) => value !== null).map(([term, value]) =>
    el("div", {}, el("dt", {}, term), el("dd", {}, /** @type {Node | string} */ (value)))
  );
}

/**
 * Makes the children of `parent` those of `items`, in their order. What stays is not touched, so that focus, scroll
 * position and opened parts stay as well.
 *
 * @template T
 * @param {Element} parent
 * @param {readonly T[]} items
 * @param {{ key: (item: T) => string, make: (item: T) => Element, update?: (element: any, item: T) => void }} options
 */
export function syncChildren(parent, items, { key, make, update }) {
  const wanted = new Map(items.map((item) => [key(item), item]));
  /** @type {Map<string, Element>} */
  const present = new Map();
  for (const child of [...parent.children]) {
    const name = child.getAttribute("data-key") ?? "";
    if (wanted.has(name) && !present.has(name)) present.set(name, child);
    else child.remove();
  }
  let next = parent.firstElementChild;
  for (const [name, item] of wanted) {
    let element = present.get(name);
    if (element === undefined) {
      element = make(item);
      element.setAttribute("data-key", name);
    }
    update?.(element, item);
    if (element === next) next = next.nextElementSibling;
    else parent.insertBefore(element, next);
  }
}
