import {
  type ByteStore,
  type CapturedAnswer,
  type CapturedExchange,
  emptyBody,
  type Origin,
} from "../../capture/mod.ts";
import { isFieldValue, isToken } from "../../http1/mod.ts";
import { formatStreamId, parseStreamId } from "../../protocol/mod.ts";
import type { HarValue } from "./har_value.ts";
import { bytesOfText, readBody, readContent } from "./read_body.ts";
import { readHeaders, readRequestHeaders, withoutHandshake } from "./read_headers.ts";
import { readMessages } from "./read_messages.ts";
import { splitUrl } from "./url.ts";

/** The moments of an exchange, microseconds since 1970. */
interface Moments {
  startUs: number;
  sentUs: number;
  answerUs: number;
  endUs: number;
}

/** What an entry's parts have in common. */
interface EntryContext {
  /** What this program noted when it wrote the HAR; missing in any other. */
  own: HarValue;
  isWebSocket: boolean;
  moments: Moments;
  store: ByteStore;
}

/** No close is in any HAR but ours: its client is taken to close, without a code, when all was said. */
const noCode = 1005;

/**
 * The exchange of one HAR entry; its times are microseconds since 1970. `null` when its URL is none that a tunnel
 * serves, such as `data:` or `blob:`.
 *
 * @param number the entry's number, from 1: its id, unless this program wrote the HAR and noted another
 * @throws {HarError} when something in it is missing or of the wrong kind
 */
export function readEntry(entry: HarValue, number: number, store: ByteStore): CapturedExchange | null {
  const request = entry.object().field("request").object();
  const url = splitUrl(request.field("url").text());
  if (url === null) return null;
  const method = request.field("method").text();
  const own = entry.field("_tunnel");
  // A capture may have an exchange without its beginning, or one that was damaged: it is in the HAR, and is not sent.
  if (!isToken(method) && own.isMissing) throw request.field("method").wrong("a method such as GET");
  const isWebSocket = url.websocket || entry.field("_resourceType").text("") === "websocket" ||
    !entry.field("_webSocketMessages").isMissing;
  const moments = momentsOf(entry);
  const context: EntryContext = { own, isWebSocket, moments, store };
  const headers = readRequestHeaders(request.field("headers"), url.authority);
  const exchange: CapturedExchange = {
    ...idOf(own, number),
    kind: isWebSocket ? "websocket" : "http",
    startedAtUs: moments.startUs,
    endedAtUs: moments.endUs,
    method,
    target: own.field("target").text(url.target),
    headers: isWebSocket ? withoutHandshake(headers) : headers,
    body: requestBody(request.field("postData"), context),
    answer: readAnswer(entry.field("response"), context),
    messages: [],
    resumed: own.field("resumed").flag(),
    subprotocol: own.field("subprotocol").text(""),
    closes: [],
    reset: null,
    links: [],
    linkChanges: own.field("linkChanges").number(0),
    collected: null,
    hasBeginning: !own.field("noBeginning").flag(),
    hasGaps: own.field("gaps").flag(),
  };
  if (isWebSocket) {
    exchange.messages = readMessages(entry.field("_webSocketMessages"), moments.answerUs, store);
    for (const { endedAtUs } of exchange.messages) {
      exchange.endedAtUs = Math.max(exchange.endedAtUs, endedAtUs);
    }
  }
  exchange.closes = closesOf(exchange, own);
  const reset = own.field("reset");
  if (!reset.isMissing) exchange.reset = endingOf(reset, moments.startUs);
  return exchange;
}

function idOf(own: HarValue, number: number): { id: string; gatewayId: number; requestId: number } {
  const id = own.field("stream").text(formatStreamId(0, number));
  const parsed = parseStreamId(id);
  if (parsed === null) throw own.field("stream").wrong("a stream's id such as 9f3ac01b-42");
  return { id, ...parsed };
}

function momentsOf(entry: HarValue): Moments {
  const started = entry.field("startedDateTime");
  const ms = Date.parse(started.text());
  if (Number.isNaN(ms)) throw started.wrong("a date and time such as 2026-07-30T10:22:33.123Z");
  // Programs write more digits than a Date keeps.
  const beyondMs = /\.\d{3}(\d{1,3})/.exec(started.text())?.[1] ?? "";
  const startUs = ms * 1000 + Number(beyondMs.padEnd(3, "0"));
  const timings = entry.field("timings");
  const us = (...names: string[]) =>
    names.reduce((sum, name) => sum + Math.max(0, Math.round(timings.field(name).number(0) * 1000)), 0);
  // `ssl` is a part of `connect`.
  const sentUs = startUs + us("blocked", "dns", "connect", "send");
  const answerUs = sentUs + us("wait");
  const endUs = answerUs + us("receive");
  const timeUs = Math.round(Math.max(0, entry.field("time").number(0)) * 1000);
  return timings.isMissing
    ? { startUs, sentUs: startUs, answerUs: startUs + timeUs, endUs: startUs + timeUs }
    : { startUs, sentUs, answerUs, endUs };
}

function requestBody(postData: HarValue, { own, moments, store }: EntryContext) {
  const noted = own.field("request");
  const bytes = postData.field("text").isMissing ? formOf(postData) : bytesOfText(postData, "text");
  const times = { startUs: moments.startUs, endUs: moments.sentUs };
  return readBody(bytes, { omitted: noted.field("omittedBytes").number(0), times, own: noted, store });
}

/** A form whose text a program left out in favour of its fields. */
function formOf(postData: HarValue): Uint8Array {
  const fields = postData.field("params").items().map((param) =>
    [param.field("name").text(""), param.field("value").text("")] as [string, string]
  );
  return new TextEncoder().encode(new URLSearchParams(fields).toString());
}

function readAnswer(response: HarValue, context: EntryContext): CapturedAnswer | null {
  const { own, isWebSocket, moments, store } = context;
  const status = response.field("status").number(0);
  // 0 and -1 stand for "none came".
  if (status <= 0) return null;
  if (!Number.isInteger(status) || status > 999) throw response.field("status").wrong("a status such as 200");
  const reason = response.field("statusText").text("");
  const noted = own.field("response");
  const answer = { timeUs: moments.answerUs, status, reason: isFieldValue(reason) ? reason : "" };
  const received = readHeaders(response.field("headers"));
  if (isWebSocket && status === 101) {
    return { ...answer, reason: "", headers: withoutHandshake(received), body: emptyBody() };
  }
  const { bytes, omitted, headers } = readContent(response.field("content"), received, noted);
  const times = { startUs: moments.answerUs, endUs: moments.endUs };
  return { ...answer, headers, body: readBody(bytes, { omitted, times, own: noted, store }) };
}

function closesOf(exchange: CapturedExchange, own: HarValue): CapturedExchange["closes"] {
  const { kind, answer, startedAtUs, endedAtUs } = exchange;
  if (kind !== "websocket" || answer?.status !== 101) return [];
  if (!own.isMissing) return own.field("closes").items().map((close) => endingOf(close, startedAtUs));
  const close = { timeUs: endedAtUs, code: noCode, reason: "" };
  return [{ ...close, from: "client" }, { ...close, from: "origin" }];
}

function endingOf(ending: HarValue, startUs: number) {
  return {
    timeUs: startUs + ending.field("us").number(),
    from: (ending.field("from").text() === "client" ? "client" : "origin") as Origin,
    code: ending.field("code").number(),
    reason: ending.field("reason").text(""),
  };
}
