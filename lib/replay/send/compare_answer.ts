import type { CapturedAnswer, CapturedExchange, Origin } from "../../capture/mod.ts";
import { headerValue } from "../../http1/mod.ts";
import type { Answered, Close } from "./answered.ts";
import { compareContent, type Content } from "./compare_content.ts";
import { compareHeaders, type SeenHeaders } from "./compare_headers.ts";
import { compareMessages } from "./compare_messages.ts";
import { codingsOf } from "../../codings/mod.ts";
import { Differences } from "./difference.ts";
import { ReceivedMessages } from "./received_messages.ts";
import type { RedactedValues } from "./redacted.ts";
import { isWebSocket, type RecordedEnd, recordedEnd } from "./recorded_end.ts";

export interface CompareOptions {
  /** Lower-case names of the header fields that are compared. */
  headers: ReadonlySet<string>;
  redacted: RedactedValues;
  seen: SeenHeaders;
}

/** What came of comparing one exchange. */
export interface Comparison {
  differences: Differences;
  /** What could not be compared, and why. */
  notes: string[];
}

/** Compares what an origin answers now with what it had answered. */
export async function compareAnswer(
  exchange: CapturedExchange,
  answered: Answered,
  options: CompareOptions,
): Promise<Comparison> {
  const differences = new Differences();
  const notes: string[] = [];
  const note = (text: string) => {
    if (!notes.includes(text)) notes.push(text);
  };
  const end = recordedEnd(exchange);
  if (end.kind === "left") note(`${end.why} before its end: only what came before that was compared`);
  if (end.kind === "broken" && answered.failure !== null) {
    note(`it broke off in the recording, too: then ${end.why}, now ${answered.failure}`);
  }
  if (end.kind === "broken" || answered.failure !== null) {
    compareEnds({ end, exchange, answered, differences });
  }
  const [before, after] = [exchange.answer, answered.answer];
  if (before !== null && after !== null) {
    compareHeads(before, after, { ...options, differences, note });
    if (before.status !== 101 || after.status !== 101) {
      const cut = end.kind !== "whole" || answered.failure !== null;
      const [recorded, replayed] = [bodyContent(before, cut), bodyContent(after, cut)];
      await compareContent(recorded, replayed, { part: "body", differences, note });
      if (!cut) {
        compareHeaders(before.body.trailers, after.body.trailers, {
          part: "trailer",
          compared: null,
          isRedacted: (name, value) => options.redacted.header(name, value),
          seen: options.seen,
          differences,
          note,
        });
      }
    }
  }
  if (isWebSocket(exchange) && after?.status === 101) {
    const closing = exchange.closes[0];
    const recorded = exchange.messages.filter(({ from }) => from === "origin");
    const required = closing?.from === "client"
      ? new ReceivedMessages(exchange).before(closing.timeUs)
      : recorded.length;
    await compareMessages(recorded, answered.messages, { required, differences, note });
    if (answered.failure === null) compareCloses(closeFrom(exchange, "origin"), answered.close, differences);
  }
  return { differences, notes };
}

/** The close that came from a side; `null` when there was none. */
export function closeFrom({ closes }: CapturedExchange, from: Origin): Close | null {
  return closes.find((close) => close.from === from) ?? null;
}

/** One of them broke off: that is a difference, unless both did. */
function compareEnds(
  { end, exchange, answered, differences }: {
    end: RecordedEnd;
    exchange: CapturedExchange;
    answered: Answered;
    differences: Differences;
  },
): void {
  const words = (kind: string, answer: CapturedAnswer | null) =>
    `${answer === null ? "no answer" : `broke off after ${answer.body.length} bytes of its body`}: ${kind}`;
  const brokeOff = end.kind === "broken" ? words(end.why, exchange.answer) : null;
  const failed = answered.failure === null ? null : words(answered.failure, answered.answer);
  if ((brokeOff === null) === (failed === null)) return;
  if (end.kind === "left" && exchange.answer !== null && answered.answer !== null) return;
  const status = (answer: CapturedAnswer | null) => answer === null ? null : `answered ${answer.status}`;
  differences.add({
    part: "answer",
    at: "",
    recorded: brokeOff ?? status(exchange.answer),
    replayed: failed ?? status(answered.answer),
  });
}

function compareHeads(
  recorded: CapturedAnswer,
  replayed: CapturedAnswer,
  context: CompareOptions & { differences: Differences; note: (text: string) => void },
): void {
  const { differences, seen, note, redacted } = context;
  if (recorded.status !== replayed.status) {
    const [before, after] = [String(recorded.status), String(replayed.status)];
    differences.add({ part: "status", at: "", recorded: before, replayed: after });
  }
  compareHeaders(recorded.headers, replayed.headers, {
    part: "header",
    compared: context.headers,
    isRedacted: (name, value) => redacted.header(name, value),
    differences,
    seen,
    note,
  });
}

function bodyContent({ body, headers }: CapturedAnswer, cut: boolean): Content {
  const type = headerValue(headers, "content-type") ?? "";
  return {
    parts: body.parts.map(({ bytes }) => bytes),
    length: body.length,
    cut,
    codings: body.length === 0 ? [] : codingsOf(headers),
    maybeJson: /^[^;]*[/+]json\s*(?:;|$)/i.test(type),
  };
}

function compareCloses(recorded: Close | null, replayed: Close | null, differences: Differences): void {
  // The client closed last, or the capture ends before: how the origin would have closed is not known.
  if (recorded === null) return;
  const text = (close: Close | null) =>
    close === null ? null : `${close.code}${close.reason === "" ? "" : ` ${close.reason}`}`;
  const [before, after] = [text(recorded), text(replayed)];
  if (before !== after) differences.add({ part: "close", at: "", recorded: before, replayed: after });
}
