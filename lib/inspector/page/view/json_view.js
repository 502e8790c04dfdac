/** @import { JsonNode } from "../model/json_tree.js" */
import { el } from "../dom.js";
import { preview, printable } from "../model/format.js";

/** Members shown at once; the rest at a click, as many each time. */
const pageMembers = 100;

/** Levels open at first, when that is not too long to read. */
const openLevels = 3;
const openMembers = 40;

/** A leaf longer than this is cut, until it is clicked. */
const longLeaf = 500;

/**
 * A JSON tree whose objects and arrays open and close. Members are made when they are first seen.
 *
 * @param {JsonNode} root
 * @returns {HTMLElement}
 */
export function jsonView(root) {
  return el("div", { class: "json" }, nodeView(root, 0));
}

/**
 * @param {JsonNode} node
 * @param {number} depth
 * @returns {HTMLElement}
 */
function nodeView(node, depth) {
  const key = node.key === null ? [] : [el("span", { class: "key" }, printable(node.key)), ": "];
  if (node.kind !== "object" && node.kind !== "array") {
    return el("div", { class: "leaf" }, ...key, leafView(node));
  }
  const [left, right] = node.kind === "object" ? "{}" : "[]";
  if (node.children.length === 0) return el("div", { class: "leaf" }, ...key, left + right);
  const word = node.kind === "object" ? "key" : "item";
  const count = `${node.children.length} ${word}${node.children.length === 1 ? "" : "s"}`;
  const summary = el("summary", {}, ...key, left, el("span", { class: "folded" }, ` ${count} ${right}`));
  const members = el("div", { class: "members" });
  const details = el("details", {}, summary, members, el("div", { class: "closing" }, right));
  const fill = () => {
    if (members.childElementCount === 0) addMembers(members, node, depth);
  };
  if (depth < openLevels && node.children.length <= openMembers) {
    details.open = true;
    fill();
  }
  details.addEventListener("toggle", fill);
  return details;
}

/**
 * @param {HTMLElement} members
 * @param {JsonNode} node
 * @param {number} depth
 */
function addMembers(members, node, depth) {
  const from = members.childElementCount;
  members.append(...node.children.slice(from, from + pageMembers).map((child) => nodeView(child, depth + 1)));
  const left = node.children.length - members.childElementCount;
  if (left === 0) return;
  const more = el("button", { type: "button", class: "plain more" }, `${left} more`);
  more.addEventListener("click", () => {
    more.remove();
    addMembers(members, node, depth);
  });
  members.append(more);
}

/** @param {JsonNode} node @returns {HTMLElement} */
function leafView(node) {
  const shown = printable(node.text);
  const leaf = el(
    "span",
    { class: node.kind },
    shown.length > longLeaf ? preview(node.text, longLeaf) : shown,
  );
  if (shown.length <= longLeaf) return leaf;
  const more = el("button", { type: "button", class: "plain more" }, `all ${shown.length} characters`);
  more.addEventListener("click", () => {
    leaf.textContent = shown;
    more.remove();
  });
  return el("span", {}, leaf, " ", more);
}
