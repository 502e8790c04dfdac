import { type CapturedExchange } from "../../capture/mod.ts";
import { headerValue, isNamed, type RawHeaders, stripHopByHop } from "../../http1/mod.ts";
import type { RedactedValues } from "./redacted.ts";

/** A header field that is sent in place of the recorded ones of its name; `null` for none. */
export interface HeaderOverride {
  name: string;
  value: string | null;
}

/** Fields that delimit a message or belong to one connection: they follow from what is sent. */
export const ownFields: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "sec-websocket-accept",
  "sec-websocket-extensions",
  "sec-websocket-key",
  "sec-websocket-version",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

export interface RequestFields {
  headers: RawHeaders;
  /** Names of fields that are not sent because the capture has their values redacted, lower case. */
  withheld: string[];
  /** The body goes in chunks, because the request named no length. */
  chunked: boolean;
}

export interface RequestFieldsOptions {
  overrides: readonly HeaderOverride[];
  redacted: RedactedValues;
  /** `Host` for requests that have none. */
  host: string;
}

/**
 * The header fields to send: the recorded ones in their order, without those that were redacted, with `overrides` in their
 * place, and with what delimits the body as it was.
 */
export function requestFields(exchange: CapturedExchange, options: RequestFieldsOptions): RequestFields {
  const { body, kind } = exchange;
  const recorded = stripHopByHop(exchange.headers);
  const headers: string[] = [];
  const withheld = new Set<string>();
  const replaced = new Set<HeaderOverride>();
  for (let i = 0; i < recorded.length; i += 2) {
    const [name, value] = [recorded[i], recorded[i + 1]];
    const override = options.overrides.filter((one) => isNamed(name, one.name.toLowerCase()));
    if (override.length > 0) {
      for (const one of override) {
        if (one.value !== null && !replaced.has(one)) headers.push(one.name, one.value);
        replaced.add(one);
      }
    } else if (isNamed(name, "content-length")) {
      // As it is, unless the file says what its own body is not.
      if (kind === "http") headers.push(name, String(body.length));
    } else if (ownFields.has(name.toLowerCase())) {
      continue;
    } else if (options.redacted.header(name, value)) {
      withheld.add(name.toLowerCase());
    } else {
      headers.push(name, value);
    }
  }
  for (const one of options.overrides) {
    if (one.value !== null && !replaced.has(one)) headers.push(one.name, one.value);
  }
  if (headerValue(headers, "host") === undefined && !options.overrides.some(isHost)) {
    headers.unshift("Host", options.host);
  }
  // Without a body, an end later than the request's own time is that of a body of no bytes.
  const hasBody = body.length > 0 || body.endedAtUs !== exchange.startedAtUs;
  const chunked = kind === "http" && hasBody && headerValue(headers, "content-length") === undefined;
  if (chunked) headers.push("Transfer-Encoding", "chunked");
  return { headers, withheld: [...withheld], chunked };
}

function isHost({ name }: HeaderOverride): boolean {
  return name.toLowerCase() === "host";
}
