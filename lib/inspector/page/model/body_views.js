/** @import { BodyJson } from "../../api_shapes.ts" */
import { parseJson } from "./json_tree.js";

/** How a body can be shown. @typedef {"json" | "text" | "image" | "hex"} BodyView */

/**
 * Picture types that hold pixels alone. SVG is a document and shown as its text.
 */
const rasterTypes = new Set([
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "image/avif",
  "image/bmp",
  "image/x-icon",
  "image/vnd.microsoft.icon",
]);

/**
 * The ways to show a body, the best first; none when there is nothing to show.
 *
 * @param {BodyJson} body
 * @param {string} contentType
 * @returns {BodyView[]}
 */
export function bodyViews(body, contentType) {
  if (body.keptBytes === 0) return [];
  if (body.text === null) return imageType(contentType) === null ? ["hex"] : ["image", "hex"];
  return looksLikeJson(body.text) && parseJson(body.text) !== null
    ? ["json", "text", "hex"]
    : ["text", "hex"];
}

/**
 * The media type when it is that of a picture which may be shown as one; else `null`.
 *
 * @param {string} contentType
 * @returns {string | null}
 */
export function imageType(contentType) {
  const type = contentType.split(";", 1)[0].trim().toLowerCase();
  return rasterTypes.has(type) ? type : null;
}

/**
 * The bytes of a body as far as they were kept, without their content coding where it could be undone.
 *
 * @param {BodyJson} body
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function bodyBytes(body) {
  if (body.text !== null) return new TextEncoder().encode(body.text);
  const binary = atob(body.base64 ?? "");
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * A header's first value; names are compared in whatever case. Empty when there is none.
 *
 * @param {readonly (readonly [string, string])[]} headers
 * @param {string} name in lower case
 * @returns {string}
 */
export function headerValue(headers, name) {
  return headers.find(([other]) => other.toLowerCase() === name)?.[1] ?? "";
}

/** Numbers and words alone are JSON too, but better read as they are. @param {string} text */
function looksLikeJson(text) {
  return /^[\ufeff\s]*[{[]/.test(text);
}
