/**
 * JSON (RFC 8259) as a tree for display. Other than `JSON.parse` it keeps what a reader wants to see as it was sent:
 * long numbers, repeated keys, their order. It uses no recursion, so that no depth of nesting is too much for it.
 *
 * @typedef {object} JsonNode
 * @property {"object" | "array" | "string" | "number" | "literal"} kind
 * @property {string | null} key name within an object, decoded
 * @property {string} text a leaf's text as it was sent; empty for objects and arrays
 * @property {JsonNode[]} children
 */

const punctuation = /[{}[\],:]/;
// deno-lint-ignore no-control-regex -- a string may not hold them raw
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/;
const literal = /true|false|null/;
const token = new RegExp(
  `[ \\t\\n\\r]*(${[punctuation, string, number, literal].map(({ source }) => source).join("|")})`,
  "y",
);

/**
 * Reads a JSON text.
 *
 * @param {string} text
 * @returns {JsonNode | null} `null` when it is not JSON
 */
export function parseJson(text) {
  const reader = new TokenReader(text);
  /** @type {JsonNode[]} */
  const open = [];
  /** @type {JsonNode | null} */
  let root = null;
  /** Whether a value must come next; else a comma or an end. */
  let valueDue = true;
  while (true) {
    const next = reader.next();
    if (next === null) return reader.atEnd && open.length === 0 ? root : null;
    const parent = open.at(-1) ?? null;
    if (parent === null && root !== null) return null;
    if (next === "}" || next === "]") {
      if (parent?.kind !== (next === "}" ? "object" : "array")) return null;
      if (valueDue && parent.children.length > 0) return null;
      open.pop();
      valueDue = false;
      continue;
    }
    if (!valueDue) {
      if (next !== "," || parent === null) return null;
      valueDue = true;
      continue;
    }
    /** @type {string | null} */
    let key = null;
    let valueToken = /** @type {string | null} */ (next);
    if (parent?.kind === "object") {
      if (!next.startsWith('"') || reader.next() !== ":") return null;
      key = JSON.parse(next);
      valueToken = reader.next();
    }
    const node = valueToken === null ? null : nodeOf(valueToken, key);
    if (node === null) return null;
    if (parent === null) root = node;
    else parent.children.push(node);
    const nested = node.kind === "object" || node.kind === "array";
    if (nested) open.push(node);
    valueDue = nested;
  }
}

/**
 * The tree as text, a line each value, indented by two spaces.
 *
 * @param {JsonNode} root
 * @returns {string[]}
 */
export function jsonLines(root) {
  /** @type {string[]} */
  const lines = [];
  /** @type {({ node: JsonNode, depth: number, last: boolean } | string)[]} */
  const todo = [{ node: root, depth: 0, last: true }];
  while (true) {
    const next = todo.pop();
    if (next === undefined) return lines;
    if (typeof next === "string") {
      lines.push(next);
      continue;
    }
    const { node, depth, last } = next;
    const indent = "  ".repeat(Math.min(depth, maxIndent));
    const comma = last ? "" : ",";
    const start = node.key === null ? indent : `${indent}${JSON.stringify(node.key)}: `;
    if (node.kind !== "object" && node.kind !== "array") {
      lines.push(start + node.text + comma);
      continue;
    }
    const [left, right] = node.kind === "object" ? ["{", "}"] : ["[", "]"];
    if (node.children.length === 0) {
      lines.push(start + left + right + comma);
      continue;
    }
    lines.push(start + left);
    todo.push(indent + right + comma);
    for (let i = node.children.length - 1; i >= 0; i--) {
      todo.push({ node: node.children[i], depth: depth + 1, last: i === node.children.length - 1 });
    }
  }
}

/** Deeper than this, lines are not moved further to the right. */
const maxIndent = 60;

/** @param {string} text @param {string | null} key @returns {JsonNode | null} */
function nodeOf(text, key) {
  switch (text[0]) {
    case "{":
      return { kind: "object", key, text: "", children: [] };
    case "[":
      return { kind: "array", key, text: "", children: [] };
    case '"':
      return { kind: "string", key, text, children: [] };
    case "}":
    case "]":
    case ",":
    case ":":
      return null;
    case "t":
    case "f":
    case "n":
      return { kind: "literal", key, text, children: [] };
    default:
      return { kind: "number", key, text, children: [] };
  }
}

class TokenReader {
  #text;
  #at = 0;

  /** @param {string} text */
  constructor(text) {
    // A byte order mark is no part of the text (RFC 8259, 8.1).
    this.#text = text.startsWith("\ufeff") ? text.slice(1) : text;
  }

  /** Whether nothing but space is left. */
  get atEnd() {
    return /^[ \t\n\r]*$/.test(this.#text.slice(this.#at));
  }

  /** @returns {string | null} `null` at the end, and at what is no token */
  next() {
    token.lastIndex = this.#at;
    const match = token.exec(this.#text);
    if (match === null) return null;
    this.#at = token.lastIndex;
    return match[1];
  }
}
