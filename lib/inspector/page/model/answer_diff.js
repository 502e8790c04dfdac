/** @import { BodyJson, ExchangeDetail, HeaderPair } from "../../api_shapes.ts" */
/** @import { DiffRow } from "./line_diff.js" */
import { bodyBytes } from "./body_views.js";
import { hexText } from "./hex_dump.js";
import { jsonLines, parseJson } from "./json_tree.js";
import { diffLines } from "./line_diff.js";

/**
 * Two answers to the same request.
 *
 * @typedef {object} AnswerDiff
 * @property {boolean} sameStatus
 * @property {DiffRow[]} headers `name: value`, a row each name
 * @property {DiffRow[]} body
 * @property {"JSON" | "text" | "hex" | "empty"} bodyShownAs
 * @property {boolean} sameBody as far as both were kept
 * @property {string} bodyVerdict the same in words, with what cannot be told
 */

/**
 * Lays the answers of two exchanges side by side.
 *
 * @param {ExchangeDetail} original
 * @param {ExchangeDetail} replay
 * @returns {AnswerDiff}
 */
export function diffAnswers(original, replay) {
  const { lines: [left, right], as } = bodyLines(original.responseBody, replay.responseBody);
  const body = diffLines(left, right);
  const bodies = [original.responseBody, replay.responseBody];
  const isCut = bodies.some(({ bytes, keptBytes }) => keptBytes < bytes);
  // Of a body that was kept whole its lines tell all: packed, it may have had another length.
  const sameRest = !isCut || bodies[0].bytes === bodies[1].bytes;
  const sameBody = body.every((row) => row.same) && sameRest;
  return {
    sameStatus: original.status === replay.status && original.problem === replay.problem,
    headers: diffHeaders(original.responseHeaders, replay.responseHeaders),
    body,
    bodyShownAs: as,
    sameBody,
    bodyVerdict: as === "empty" ? "no bodies" : verdict(sameBody, isCut),
  };
}

/** @param {boolean} same @param {boolean} isCut */
function verdict(same, isCut) {
  if (!same) return "another body";
  return isCut ? "same body, as far as it was kept" : "same body";
}

/**
 * Headers of two heads: those of one name beside each other, whatever their case and order.
 *
 * @param {readonly HeaderPair[]} left
 * @param {readonly HeaderPair[]} right
 * @returns {DiffRow[]}
 */
export function diffHeaders(left, right) {
  /** @type {DiffRow[]} */
  const rows = [];
  const names = new Set([...left, ...right].map(([name]) => name.toLowerCase()));
  for (const name of names) {
    const [ours, theirs] = [left, right].map((headers) =>
      headers.filter(([other]) => other.toLowerCase() === name)
    );
    for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
      rows.push({
        left: headerLine(ours[i]),
        right: headerLine(theirs[i]),
        same: ours[i] !== undefined && theirs[i] !== undefined && ours[i][1] === theirs[i][1],
      });
    }
  }
  return rows;
}

/** @param {HeaderPair | undefined} header */
function headerLine(header) {
  return header === undefined ? null : `${header[0]}: ${header[1]}`;
}

/**
 * @param {BodyJson} left
 * @param {BodyJson} right
 * @returns {{ lines: [string[], string[]], as: AnswerDiff["bodyShownAs"] }}
 */
function bodyLines(left, right) {
  if (left.keptBytes === 0 && right.keptBytes === 0) return { lines: [[], []], as: "empty" };
  if (left.text === null || right.text === null) {
    return { lines: [hexLines(left), hexLines(right)], as: "hex" };
  }
  const [leftJson, rightJson] = [jsonOf(left.text), jsonOf(right.text)];
  if (leftJson !== null && rightJson !== null) return { lines: [leftJson, rightJson], as: "JSON" };
  return { lines: [textLines(left.text), textLines(right.text)], as: "text" };
}

/** The lines of a JSON text; none of an empty one, `null` of what is no JSON. @param {string} text */
function jsonOf(text) {
  if (text === "") return [];
  const tree = parseJson(text);
  return tree === null ? null : jsonLines(tree);
}

/** @param {BodyJson} body */
function hexLines(body) {
  return textLines(hexText(bodyBytes(body)));
}

/** @param {string} text */
function textLines(text) {
  return text === "" ? [] : text.split("\n");
}
