import { Derived, share } from "../repeats/mod.ts";
import { isNamed, listElements, type RawHeaders } from "./headers.ts";

const strippedOf = new Derived<RawHeaders>();

/**
 * The fields that go on to the next hop: without those of this connection alone (RFC 9110, 7.6.1), which are
 * Connection and the fields it names, Keep-Alive, Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade and
 * HTTP2-Settings.
 *
 * - TE goes even when it says "trailers", as in nginx: whoever forwards trailers has to ask for them itself.
 * - Proxy-Authenticate and Proxy-Authorization stay, as in nginx. They are for a proxy the client chose; a
 *   gateway is none, and an origin that is one may be behind it.
 * - Connection cannot take away Content-Length or Host: with those gone the next hop would see another message.
 */
export function stripHopByHop(headers: RawHeaders): RawHeaders {
  const known = strippedOf.get(headers);
  if (known !== undefined) return known;
  const stripped = strip(headers);
  if (strippedOf.keeps(headers)) {
    share(stripped);
    strippedOf.set(headers, stripped);
  }
  return stripped;
}

function strip(headers: RawHeaders): RawHeaders {
  const kept: string[] = [];
  let named: string[] | null = null;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i];
    if (isHopByHop(name)) {
      if (isNamed(name, "connection")) named = addNamed(named, headers[i + 1]);
      continue;
    }
    kept.push(name, headers[i + 1]);
  }
  return named === null ? kept : without(kept, named);
}

/** Lengths are told apart first: most names have one that no field in question has. */
function isHopByHop(name: string): boolean {
  switch (name.length) {
    case 2:
      return isNamed(name, "te");
    case 7:
      return isNamed(name, "upgrade") || isNamed(name, "trailer");
    case 10:
      return isNamed(name, "connection") || isNamed(name, "keep-alive");
    case 14:
      return isNamed(name, "http2-settings");
    case 16:
      return isNamed(name, "proxy-connection");
    case 17:
      return isNamed(name, "transfer-encoding");
    default:
      return false;
  }
}

/** Options that name no field that is still there; `close` and `upgrade` come on every other request. */
const noFields = new Set(["close", "keep-alive", "upgrade", "te", "content-length", "host"]);

function addNamed(named: string[] | null, value: string): string[] | null {
  if (isNamed(value, "keep-alive") || isNamed(value, "close")) return named;
  for (const element of listElements(value)) {
    const lower = element.toLowerCase();
    if (!noFields.has(lower)) (named ??= []).push(lower);
  }
  return named;
}

function without(headers: RawHeaders, names: string[]): RawHeaders {
  const unwanted = new Set(names);
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (!unwanted.has(headers[i].toLowerCase())) kept.push(headers[i], headers[i + 1]);
  }
  return kept;
}
