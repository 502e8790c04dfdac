import { headerValue, headerValues, type RawHeaders } from "../../http1/mod.ts";

export interface NamedValue {
  name: string;
  value: string;
}

/** Flat headers as HAR lists them. */
export function namedValues(headers: RawHeaders): NamedValue[] {
  const list: NamedValue[] = [];
  for (let i = 0; i < headers.length; i += 2) list.push({ name: headers[i], value: headers[i + 1] });
  return list;
}

/** A target's query, decoded as forms are. */
export function queryOf(target: string): NamedValue[] {
  const at = target.indexOf("?");
  if (at === -1) return [];
  return target.slice(at + 1).split("&").filter((piece) => piece !== "").map((piece) => {
    const equals = piece.indexOf("=");
    const end = equals === -1 ? piece.length : equals;
    return { name: decoded(piece.slice(0, end)), value: decoded(piece.slice(end + 1)) };
  });
}

function decoded(text: string): string {
  const spaced = text.replaceAll("+", " ");
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch (error) {
    // Not percent-encoded after all: it means itself.
    if (error instanceof URIError) return spaced;
    throw error;
  }
}

/** Cookies of a request; none of a value that was redacted. */
export function requestCookies(headers: RawHeaders): NamedValue[] {
  return headerValues(headers, "cookie").filter(isShown).flatMap((value) => value.split(";")).map(pair)
    .filter(({ name }) => name !== "");
}

/** Cookies that a response sets, with the attributes that HAR knows (RFC 6265, 4.1). */
export function responseCookies(headers: RawHeaders): NamedValue[] {
  return headerValues(headers, "set-cookie").filter(isShown).map((value) => {
    const [first, ...attributes] = value.split(";");
    return { ...pair(first), ...Object.assign({}, ...attributes.map(attribute)) };
  }).filter(({ name }) => name !== "");
}

/** `""` when there is none. */
export function redirectUrl(headers: RawHeaders): string {
  return headerValue(headers, "location") ?? "";
}

function isShown(value: string): boolean {
  return !/^\*+$/.test(value);
}

function pair(text: string): NamedValue {
  const at = text.indexOf("=");
  return {
    name: text.slice(0, at === -1 ? text.length : at).trim(),
    value: at === -1 ? "" : text.slice(at + 1).trim(),
  };
}

function attribute(text: string): Record<string, string | boolean> {
  const { name, value } = pair(text);
  switch (name.toLowerCase()) {
    case "path":
      return { path: value };
    case "domain":
      return { domain: value };
    case "expires": {
      const ms = Date.parse(value);
      return Number.isNaN(ms) ? {} : { expires: new Date(ms).toISOString() };
    }
    case "httponly":
      return { httpOnly: true };
    case "secure":
      return { secure: true };
    case "samesite":
      return { sameSite: value };
    default:
      return {};
  }
}
