/** @import { ExchangeDetail } from "../../api_shapes.ts" */
/** @import { DiffRow } from "../model/line_diff.js" */
import { el } from "../dom.js";
import { diffAnswers } from "../model/answer_diff.js";
import { formatBytes, formatCount, formatMs, printable } from "../model/format.js";
import { foldEqual } from "../model/line_diff.js";
import { statusClass, statusText } from "./request_list.js";

/** Equal lines kept around each difference, and rows drawn at most. */
const context = 3;
const maxRows = 2_000;

/**
 * The answers of a request and of its replay side by side, differences marked.
 *
 * @param {ExchangeDetail} original
 * @param {ExchangeDetail} replay
 * @returns {HTMLElement}
 */
export function compareView(original, replay) {
  const diff = diffAnswers(original, replay);
  const headersDiffer = diff.headers.filter((row) => !row.same).length;
  const verdict = [
    diff.sameStatus ? "same status" : "another status",
    headersDiffer === 0
      ? "same headers"
      : `${formatCount(headersDiffer, "header")} differ${headersDiffer === 1 ? "s" : ""}`,
    diff.bodyVerdict,
  ];
  return el(
    "div",
    { class: "compare" },
    el("p", { class: "verdict", role: "status" }, verdict.join(" · ")),
    el(
      "div",
      { class: "pair" },
      answerHead("Original", original, !diff.sameStatus),
      answerHead("Replay", replay, !diff.sameStatus),
    ),
    el("h3", {}, "Headers"),
    rowsTable(diff.headers, "Headers of both answers"),
    el(
      "h3",
      {},
      diff.bodyShownAs === "JSON" ? "Body, as JSON" : diff.bodyShownAs === "hex" ? "Body, bytes" : "Body",
    ),
    diff.bodyShownAs === "empty"
      ? el("p", { class: "quiet" }, "Both answers are without a body.")
      : rowsTable(diff.body, "Bodies of both answers"),
  );
}

/**
 * @param {string} title
 * @param {ExchangeDetail} exchange
 * @param {boolean} differs
 */
function answerHead(title, exchange, differs) {
  const status = el("span", { class: "status" }, statusText(exchange));
  status.setAttribute("data-class", statusClass(exchange));
  return el(
    "section",
    { class: "answer", "aria-label": `${title} answer`, "data-differs": String(differs) },
    el("h3", {}, title, el("span", { class: "quiet" }, ` ${exchange.id}`)),
    el(
      "p",
      {},
      status,
      el("span", {}, formatMs(exchange.durationMs)),
      el("span", {}, formatBytes(exchange.responseBody.bytes)),
    ),
    exchange.problem === null ? null : el("p", { class: "problem" }, exchange.problem),
  );
}

/**
 * @param {readonly DiffRow[]} rows
 * @param {string} label
 */
function rowsTable(rows, label) {
  const folded = foldEqual(rows, context);
  const drawn = folded.slice(0, maxRows).map((row) =>
    typeof row === "number"
      ? el("tr", { class: "fold" }, el("td", { colspan: 2 }, `${formatCount(row, "equal line")}`))
      : el(
        "tr",
        { class: row.same ? "same" : "differs" },
        side(row.left, row.same, "−"),
        side(row.right, row.same, "+"),
      )
  );
  const left = folded.length - drawn.length;
  if (left > 0) {
    drawn.push(el("tr", { class: "fold" }, el("td", { colspan: 2 }, `${left} more rows are not drawn`)));
  }
  return el("table", { class: "diff", "aria-label": label }, el("tbody", {}, ...drawn));
}

/**
 * @param {string | null} line
 * @param {boolean} same
 * @param {string} sign
 */
function side(line, same, sign) {
  if (line === null) return el("td", { class: "absent" });
  return el(
    "td",
    {},
    same ? null : el("span", { class: "sign", role: "img", "aria-label": "differs:" }, sign),
    el("bdi", {}, printable(line)),
  );
}
