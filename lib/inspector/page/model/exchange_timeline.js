/** @import { ExchangeDetail, MessageJson } from "../../api_shapes.ts" */

/**
 * Something that happened during an exchange, in the order it did.
 *
 * @typedef {{ kind: "message", key: string, atMs: number, message: MessageJson }
 *   | { kind: "link", key: string, atMs: number, change: string, detail: string }
 *   | { kind: "close", key: string, atMs: number, direction: "received" | "sent", code: number | null, reason: string }
 * } TimelineEntry
 */

/**
 * Messages, link changes and closes of an exchange in one line. An entry keeps its key while it lives.
 *
 * @param {ExchangeDetail} exchange
 * @returns {TimelineEntry[]}
 */
export function exchangeTimeline(exchange) {
  /** @type {TimelineEntry[]} */
  const entries = [
    ...exchange.messageList.map((message) => ({
      kind: /** @type {const} */ ("message"),
      key: `message ${message.atMs} ${message.direction}`,
      atMs: message.atMs,
      message,
    })),
    ...exchange.linkChangeList.map(({ atMs, change, detail }) => ({
      kind: /** @type {const} */ ("link"),
      key: `link ${atMs} ${change}`,
      atMs,
      change,
      detail,
    })),
    ...exchange.closes.map(({ atMs, direction, code, reason }) => ({
      kind: /** @type {const} */ ("close"),
      key: `close ${atMs} ${direction}`,
      atMs,
      direction,
      code,
      reason,
    })),
  ];
  return entries.sort((a, b) => a.atMs - b.atMs);
}

/**
 * Messages that went by and are not among those kept.
 *
 * @param {ExchangeDetail} exchange
 * @returns {number}
 */
export function messagesNotKept({ messages, messageList }) {
  return Math.max(0, messages.received + messages.sent - messageList.length);
}

/** What a link change means to the one who looks at it. @type {Record<string, string>} */
const changeWords = {
  dropped: "link dropped",
  resumed: "link resumed",
  hibernating: "hibernating: no runner",
  woken: "woken on another session",
};

/**
 * @param {string} change
 * @returns {string}
 */
export function linkChangeWords(change) {
  return changeWords[change] ?? change;
}
