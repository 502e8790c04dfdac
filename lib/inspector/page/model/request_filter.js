/** @import { ExchangeSummary } from "../../api_shapes.ts" */

/**
 * What the filter line takes, word by word; all words must hold. `-word` turns one round.
 *
 * @typedef {(request: ExchangeSummary) => boolean} Predicate
 */

/** @type {Record<string, (value: string) => Predicate | null>} */
const fields = {
  status: statusIs,
  method: (value) => ({ method }) => method.toLowerCase() === value,
  runner: (value) => ({ runner }) => runner.toLowerCase() === value,
  host: (value) => ({ host }) => host.toLowerCase().includes(value),
  path: (value) => ({ target }) => target.toLowerCase().includes(value),
  client: (value) => ({ client }) => client.toLowerCase().includes(value),
  kind(value) {
    if (value === "http") return ({ kind }) => kind === "http";
    if (value === "ws" || value === "websocket") return ({ kind }) => kind === "websocket";
    return null;
  },
  is(value) {
    switch (value) {
      case "open":
        return ({ state }) => state === "open";
      case "error":
        return isError;
      case "replay":
        return ({ replayOf }) => replayOf !== null;
      case "moved":
        return ({ linkChanges }) => linkChanges > 0;
      default:
        return null;
    }
  },
};

/**
 * Reads a filter such as `/api post 5xx -runner:b kind:http is:open`. A word that is no field matches as part of
 * method, host, path, runner or status, in whatever case.
 *
 * @param {string} line
 * @returns {Predicate}
 */
export function requestFilter(line) {
  const predicates = line.toLowerCase().split(/\s+/).filter((word) => word !== "" && word !== "-").map(
    wordFilter,
  );
  return (request) => predicates.every((holds) => holds(request));
}

/**
 * Whether somebody should look at it: an error status, or the tunnel's own word that it failed.
 *
 * @param {ExchangeSummary} request
 * @returns {boolean}
 */
export function isError({ status, problem }) {
  return status >= 400 || problem !== null;
}

/** @param {string} word @returns {Predicate} */
function wordFilter(word) {
  if (word.startsWith("-")) {
    const holds = wordFilter(word.slice(1));
    return (request) => !holds(request);
  }
  const [, name = "", value = ""] = /^([a-z]+):(.+)$/.exec(word) ?? [];
  const predicate = Object.hasOwn(fields, name) ? fields[name](value) : null;
  return predicate ?? statusClass(word) ?? contains(word);
}

/** @param {string} word @returns {Predicate} */
function contains(word) {
  return ({ method, host, target, runner, status }) =>
    `${method} ${host}${target} ${runner} ${status}`.toLowerCase().includes(word);
}

/** @param {string} value @returns {Predicate | null} */
function statusIs(value) {
  if (/^\d+$/.test(value)) return ({ status }) => status === Number(value);
  return statusClass(value);
}

/** @param {string} value @returns {Predicate | null} */
function statusClass(value) {
  if (!/^[1-5]xx$/.test(value)) return null;
  return ({ status }) => Math.floor(status / 100) === Number(value[0]);
}
