/** @import { BodyJson } from "../../api_shapes.ts" */
/** @import { BodyView } from "../model/body_views.js" */
import { el } from "../dom.js";
import { bodyBytes, bodyViews, imageType } from "../model/body_views.js";
import { formatBytes } from "../model/format.js";
import { hexText } from "../model/hex_dump.js";
import { parseJson } from "../model/json_tree.js";
import { jsonView } from "./json_view.js";

/** @type {Record<BodyView, string>} */
const viewNames = { json: "JSON", text: "Text", image: "Image", hex: "Hex" };

/**
 * A body and the ways to look at it. Whatever is in it is shown, never run: text as text, pictures of pixel formats
 * from memory, the rest as bytes.
 *
 * @param {BodyJson} body
 * @param {string} contentType
 * @param {Element | null} before how less of the same body was shown: what somebody chose there stays chosen
 * @returns {HTMLElement}
 */
function bodyView(body, contentType, before) {
  const views = bodyViews(body, contentType);
  const place = el("div", { class: "body-content" });
  const buttons = views.map((view) => {
    const button = el("button", { type: "button", "aria-pressed": "false" }, viewNames[view]);
    button.addEventListener("click", () => {
      show(view);
      whole.setAttribute("data-chosen", view);
    });
    return button;
  });
  /** @param {BodyView} view */
  const show = (view) => {
    for (const [i, button] of buttons.entries()) {
      button.setAttribute("aria-pressed", String(views[i] === view));
    }
    place.replaceChildren(contentView(view, body, contentType));
  };
  const chosen = before?.getAttribute("data-chosen") ?? null;
  if (views.length > 0) show(views.find((view) => view === chosen) ?? views[0]);
  const whole = el(
    "div",
    { class: "body", "data-chosen": chosen },
    el(
      "div",
      { class: "body-bar" },
      el("span", { class: "body-size" }, sizeWords(body)),
      views.length > 1
        ? el("div", { class: "segments", role: "group", "aria-label": "Show as" }, ...buttons)
        : null,
    ),
    views.length > 0 ? place : null,
  );
  return whole;
}

/**
 * Shows a body at the end of `parent`, or in the place of what was shown of it there: scrolled to where that was.
 *
 * @param {Element} parent
 * @param {BodyJson} body
 * @param {string} contentType
 */
export function showBody(parent, body, contentType) {
  const before = parent.querySelector(".body");
  const view = bodyView(body, contentType, before);
  if (before === null) {
    parent.append(view);
    return;
  }
  const { scrollTop = 0, scrollLeft = 0 } = before.querySelector(".body-content") ?? {};
  before.replaceWith(view);
  view.querySelector(".body-content")?.scrollTo(scrollLeft, scrollTop);
}

/**
 * @param {BodyView} view
 * @param {BodyJson} body
 * @param {string} contentType
 * @returns {HTMLElement}
 */
function contentView(view, body, contentType) {
  switch (view) {
    case "json": {
      const tree = parseJson(body.text ?? "");
      return tree === null ? el("pre", {}, body.text ?? "") : jsonView(tree);
    }
    case "text":
      return el("pre", {}, body.text ?? "");
    case "image":
      return imageView(bodyBytes(body), imageType(contentType) ?? "");
    case "hex":
      return el("pre", { class: "hex" }, hexText(bodyBytes(body)));
  }
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {string} type
 */
function imageView(bytes, type) {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const image = el("img", { alt: `Picture, ${type}`, src: url });
  const caption = el("figcaption", {}, "");
  image.addEventListener("load", () => {
    URL.revokeObjectURL(url);
    caption.textContent = `${image.naturalWidth} × ${image.naturalHeight}, ${type}`;
  });
  image.addEventListener("error", () => {
    URL.revokeObjectURL(url);
    image.remove();
    caption.textContent = `This is no picture a browser can show as ${type}.`;
  });
  return el("figure", { class: "image" }, image, caption);
}

/** @param {BodyJson} body */
function sizeWords({ bytes, keptBytes, unpacked }) {
  const parts = [bytes === 0 ? "no body" : formatBytes(bytes)];
  if (unpacked !== null) parts.push(`${unpacked}, shown unpacked`);
  if (keptBytes < bytes) {
    parts.push(keptBytes === 0 ? "not kept" : `only the first ${formatBytes(keptBytes)} were kept`);
  }
  return parts.join(" · ");
}
