/** @import { ExchangeDetail } from "../../api_shapes.ts" */
import { bodyBytes, headerValue } from "./body_views.js";
import { isPasteable, printfFormat, shellWord, singleQuoted } from "./shell_quote.js";

/** curl makes these itself, from the connection and the body it sends. */
const ownHeaders = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Of these a handshake consists: they go along when it is repeated. */
const handshakeHeaders = new Set(["connection", "upgrade"]);

/** A longer word than this is refused by Linux when a program is started. */
const maxWordBytes = 100_000;

const hostPattern = /^(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/**
 * A request as a command line for any POSIX shell.
 *
 * @typedef {object} CurlCommand
 * @property {string} text
 * @property {string[]} notes where the command differs from what was sent
 */

/**
 * The curl command that sends a request once more.
 *
 * @param {ExchangeDetail} request
 * @param {{ url: string }} gateway where clients reach it
 * @returns {CurlCommand}
 */
export function curlCommand(request, gateway) {
  const host = headerValue(request.requestHeaders, "host");
  const hostInUrl = hostPattern.test(host);
  const proto = headerValue(request.requestHeaders, "x-forwarded-proto");
  const scheme = proto === "https" || proto === "http" ? proto : new URL(gateway.url).protocol.slice(0, -1);
  const base = `${scheme}://${hostInUrl ? host : new URL(gateway.url).host}`;
  const body = bodyOptions(request);
  const options = [
    ...targetOptions(request.target, base),
    ...methodOptions(request.method, body.options.length > 0),
    ...(hostInUrl || host === "" ? [] : [header("Host", host)]),
    ...headerOptions(request, body),
    ...(request.kind === "websocket" ? ["--http1.1", "--include", "--no-buffer"] : []),
    ...body.options,
  ];
  return { text: body.before + ["curl", ...options].join(" \\\n  "), notes: body.notes };
}

/**
 * @param {string} target
 * @param {string} base
 * @returns {string[]}
 */
function targetOptions(target, base) {
  const usual = target.startsWith("/") && /^[\x21-\x7e]*$/.test(target) && !target.includes("#");
  if (!usual) return [shellWord(`${base}/`), `--request-target ${shellWord(target)}`];
  const options = [shellWord(base + target)];
  // Without these, curl would take some characters for patterns and fold dots.
  if (/[[\]{}]/.test(target)) options.push("--globoff");
  if (/\/(?:\.|%2e){1,2}(?:[/?]|$)/i.test(target)) options.push("--path-as-is");
  return options;
}

/**
 * @param {string} method
 * @param {boolean} hasBody
 * @returns {string[]}
 */
function methodOptions(method, hasBody) {
  if (method === (hasBody ? "POST" : "GET")) return [];
  if (method === "HEAD" && !hasBody) return ["--head"];
  return [`--request ${shellWord(method)}`];
}

/**
 * @param {ExchangeDetail} request
 * @param {{ options: string[], unpacked: boolean }} body
 * @returns {string[]}
 */
function headerOptions(request, body) {
  const isHandshake = request.kind === "websocket";
  const names = new Set(request.requestHeaders.map(([name]) => name.toLowerCase()));
  const options = [];
  for (const [name, value] of request.requestHeaders) {
    const lower = name.toLowerCase();
    // That there is no body curl does not say of its own.
    const saysEmpty = lower === "content-length" && value === "0";
    if (ownHeaders.has(lower) && !saysEmpty && !(isHandshake && handshakeHeaders.has(lower))) continue;
    if (body.unpacked && lower === "content-encoding") continue;
    options.push(header(name, value));
  }
  // What curl would add of its own.
  for (const name of ["User-Agent", "Accept"]) {
    if (!names.has(name.toLowerCase())) options.push(`--header ${shellWord(`${name}:`)}`);
  }
  if (body.options.length > 0 && !names.has("content-type")) options.push("--header Content-Type:");
  if (names.has("accept-encoding")) options.push("--compressed");
  return options;
}

/** @param {string} name @param {string} value */
function header(name, value) {
  return `--header ${shellWord(value === "" ? `${name};` : `${name}: ${value}`)}`;
}

/**
 * @param {ExchangeDetail} request
 * @returns {{ before: string, options: string[], notes: string[], unpacked: boolean }}
 */
function bodyOptions({ kind, requestBody: body }) {
  if (kind === "websocket" || body.bytes === 0) {
    return { before: "", options: [], notes: [], unpacked: false };
  }
  const notes = [];
  if (body.keptBytes < body.bytes) {
    notes.push(`only ${body.keptBytes} of the body's ${body.bytes} bytes were kept`);
  }
  const unpacked = body.unpacked !== null;
  if (unpacked) notes.push(`the body is sent without its ${body.unpacked} coding`);
  const { text } = body;
  if (text !== null && text.length <= maxWordBytes / 4 && isPasteable(text)) {
    // `--data-raw`, other than `--data-binary`, does not read a file when the text begins with @.
    return { before: "", options: [`--data-raw ${singleQuoted(text)}`], notes, unpacked };
  }
  const before = `printf ${printfFormat(bodyBytes(body))} | `;
  return { before, options: ["--data-binary @-"], notes, unpacked };
}
