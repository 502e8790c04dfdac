import type { CapturedExchange } from "../../capture/mod.ts";

/**
 * Why an exchange cannot be served as it was, or `null` when it can. What is not whole must not look like a short
 * success.
 */
export function unservable(exchange: CapturedExchange): string | null {
  const { answer, kind, hasBeginning, hasGaps, resumed, reset, messages } = exchange;
  if (!hasBeginning) return "the capture does not have its beginning";
  if (resumed) return "it goes on from an earlier one: its client had been connected before";
  if (hasGaps) return "frames of it are missing in the capture";
  if (answer === null || answer.status === 0) {
    return reset === null ? "it was not answered" : `it was not answered: ${reset.reason}`;
  }
  if (kind === "websocket" && answer.status === 101) {
    const lacking = messages.find(({ from, complete, omittedBytes }) =>
      from === "origin" && (!complete || omittedBytes > 0)
    );
    if (lacking === undefined) return null;
    return lacking.complete
      ? `${lacking.omittedBytes} bytes of a message were left out by the capture`
      : "a message of it did not come to its end";
  }
  const { body } = answer;
  if (body.omittedBytes > 0) return `${body.omittedBytes} bytes of its body were left out by the capture`;
  if (body.endedAtUs === null) {
    return `its body did not come to its end${reset === null ? "" : `: ${reset.reason}`}`;
  }
  return body.cut ? "its body was cut short, because its client wanted no more of it" : null;
}
