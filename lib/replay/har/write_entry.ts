import { Buffer } from "node:buffer";
import type { CapturedAnswer, CapturedBody, CapturedExchange, CapturedMessage } from "../../capture/mod.ts";
import { headerValue } from "../../http1/mod.ts";
import { base64Pieces, bodyText, keptBytes } from "./body_text.ts";
import { namedValues, queryOf, redirectUrl, requestCookies, responseCookies } from "./header_values.ts";
import { ownFields } from "./own_fields.ts";
import { splitUrl, urlOf } from "./url.ts";

/** The tunnel speaks it on both sides. */
const httpVersion = "HTTP/1.1";
const defaultType = "application/octet-stream";

/** Longest text that is gathered before it is handed on. */
const gatherChars = 16 * 1024;

/** Writes entries of a HAR, piece by piece: an exchange may be larger than memory. */
export class EntryWriter {
  readonly #sink: (text: string) => void;
  readonly #zeroUs: number;
  /** Of the entry being written: most are small, and handed on in one piece. */
  #gathered = "";

  /** @param zeroUs where the exchanges' times are 0: wall clock, microseconds since 1970 */
  constructor(write: (text: string) => void, zeroUs: number) {
    this.#sink = write;
    this.#zeroUs = zeroUs;
  }

  write(exchange: CapturedExchange): void {
    const { answer } = exchange;
    const url = urlOf(exchange);
    const timings = timingsOf(exchange);
    const time = timings.send + timings.wait + timings.receive;
    this.#object({ startedDateTime: isoTime(this.#zeroUs + exchange.startedAtUs), time: rounded(time) });
    this.#write(`,"request":`);
    this.#request(exchange, url);
    this.#write(`,"response":`);
    const responseEncoded = answer === null ? this.#noResponse(exchange) : this.#response(answer);
    if (exchange.kind === "websocket") this.#messages(exchange.messages);
    const own = ownFields(exchange, { target: splitUrl(url)?.target ?? "", responseEncoded });
    this.#write(`,"cache":{},"timings":${JSON.stringify(timings)},"_tunnel":${JSON.stringify(own)}}`);
    this.#flush();
  }

  #write(text: string): void {
    this.#gathered += text;
    if (this.#gathered.length >= gatherChars) this.#flush();
  }

  #flush(): void {
    this.#sink(this.#gathered);
    this.#gathered = "";
  }

  /** An object's fields without its closing brace: more follow. */
  #object(fields: Record<string, unknown>): void {
    this.#write(JSON.stringify(fields).slice(0, -1));
  }

  #pieces(pieces: Iterable<string>): void {
    this.#write('"');
    for (const piece of pieces) this.#write(piece);
    this.#write('"');
  }

  #request(exchange: CapturedExchange, url: string): void {
    const { method, headers, body, target } = exchange;
    this.#object({
      method,
      url,
      httpVersion,
      cookies: requestCookies(headers),
      headers: namedValues(headers),
      queryString: queryOf(target),
      headersSize: -1,
      bodySize: body.length,
    });
    if (body.length > 0) {
      const text = bodyText(partsOf(body), headers, "request");
      this.#write(`,"postData":`);
      this.#object({
        mimeType: headerValue(headers, "content-type") ?? defaultType,
        ...(text.base64 ? { _encoding: "base64" } : {}),
        ...omissionOf(body.omittedBytes),
      });
      this.#write(`,"text":`);
      this.#pieces(text.pieces());
      this.#write("}");
    }
    this.#write("}");
  }

  /** @returns whether its content is still in its content coding */
  #response(answer: CapturedAnswer): boolean {
    const { status, reason, headers, body } = answer;
    const text = bodyText(partsOf(body), headers, "response");
    this.#object({
      status,
      statusText: reason,
      httpVersion,
      cookies: responseCookies(headers),
      headers: namedValues(headers),
      redirectURL: redirectUrl(headers),
      headersSize: -1,
      bodySize: body.length,
    });
    const size = text.length + body.omittedBytes;
    this.#write(`,"content":`);
    this.#object({
      size,
      ...(size > body.length ? { compression: size - body.length } : {}),
      mimeType: headerValue(headers, "content-type") ?? "",
      ...(text.base64 ? { encoding: "base64" } : {}),
      ...omissionOf(body.omittedBytes),
    });
    if (body.length > body.omittedBytes) {
      this.#write(`,"text":`);
      this.#pieces(text.pieces());
    }
    this.#write("}}");
    return text.encoded;
  }

  /** A response that never came has status 0, as browsers write it. */
  #noResponse({ reset, collected }: CapturedExchange): boolean {
    const why = reset === null ? collected ?? "the capture ended before it" : `reset: ${reset.reason}`;
    const response = {
      status: 0,
      statusText: "",
      httpVersion,
      cookies: [],
      headers: [],
      redirectURL: "",
      headersSize: -1,
      bodySize: -1,
      content: { size: 0, mimeType: "" },
      comment: `no response: ${why}`,
    };
    this.#write(JSON.stringify(response));
    return false;
  }

  /** As Chrome has them. */
  #messages(messages: readonly CapturedMessage[]): void {
    this.#write(`,"_resourceType":"websocket","_webSocketMessages":[`);
    messages.forEach((message, i) => {
      if (i > 0) this.#write(",");
      const { from, binary, timeUs, endedAtUs, complete, parts } = message;
      const text = binary ? "" : messageText(message);
      // Of a text that was cut off, half a character may be left out as well.
      const omittedBytes = binary || message.omittedBytes === 0
        ? message.omittedBytes
        : message.length - Buffer.byteLength(text);
      this.#object({
        type: from === "client" ? "send" : "receive",
        time: (this.#zeroUs + timeUs) / 1e6,
        opcode: binary ? 2 : 1,
        ...(endedAtUs > timeUs ? { _us: endedAtUs - timeUs } : {}),
        ...(omittedBytes > 0 ? { _omittedBytes: omittedBytes } : {}),
        ...(complete ? {} : { _unfinished: true }),
      });
      this.#write(`,"data":`);
      if (binary) this.#pieces(base64Pieces(parts));
      else this.#write(JSON.stringify(text));
      this.#write("}");
    });
    this.#write("]");
  }
}

function partsOf(body: CapturedBody) {
  return body.parts.map(({ bytes }) => bytes);
}

function omissionOf(omittedBytes: number): { comment?: string } {
  return omittedBytes === 0 ? {} : { comment: `${omittedBytes} bytes more are not in the capture` };
}

/** A text message. When its end was left out or never came, half a character may stand there: it is left out, too. */
function messageText({ parts }: CapturedMessage): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return parts.map((part) => decoder.decode(keptBytes(part), { stream: true })).join("");
}

/** Milliseconds, to the microsecond. What was not seen takes no time. */
function timingsOf(exchange: CapturedExchange) {
  const { kind, startedAtUs, endedAtUs, body, answer } = exchange;
  const answeredAtUs = answer?.timeUs ?? endedAtUs;
  const sentAtUs = kind === "websocket"
    ? startedAtUs
    : Math.max(startedAtUs, Math.min(body.endedAtUs ?? answeredAtUs, answeredAtUs));
  const receivedAtUs = answer?.body.endedAtUs ?? endedAtUs;
  const ms = (fromUs: number, toUs: number) => rounded(Math.max(0, toUs - fromUs) / 1000);
  return {
    blocked: -1,
    dns: -1,
    connect: -1,
    send: ms(startedAtUs, sentAtUs),
    wait: ms(sentAtUs, answeredAtUs),
    receive: ms(answeredAtUs, receivedAtUs),
    ssl: -1,
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** The second that was written last: thousands of entries are of the same. */
let latest = { second: -1, text: "" };

/** A time with its microseconds, which a `Date` does not keep. */
function isoTime(us: number): string {
  const second = Math.floor(us / 1e6);
  if (second !== latest.second) {
    latest = { second, text: new Date(second * 1000).toISOString().slice(0, "2026-07-30T10:22:33".length) };
  }
  return `${latest.text}.${String(us - second * 1e6).padStart(6, "0")}Z`;
}
