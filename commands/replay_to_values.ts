import { InvalidArgumentError } from "commander";
import { type HeaderOverride, ownFields } from "../lib/replay/mod.ts";
import { isFieldValue } from "../lib/http1/mod.ts";
import { headerName } from "./values.ts";

/** The origin that requests are sent to; `ws:` and `wss:` are taken for `http:` and `https:`. */
export function originUrl(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === "ws:") url.protocol = "http:";
  if (url?.protocol === "wss:") url.protocol = "https:";
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  if (
    url === null || !isHttp || url.hostname === "" || url.username !== "" || url.password !== "" ||
    url.search !== "" || url.hash !== ""
  ) {
    throw new InvalidArgumentError(
      "An origin is http://HOST:PORT, https://, ws:// or wss://, with a path if need be, without user name or query.",
    );
  }
  return url;
}

/** A header field to send in place of the recorded ones: `Name: value`, or `Name:` to send none. */
export function headerOverride(text: string, earlier: HeaderOverride[] | undefined): HeaderOverride[] {
  const colon = text.indexOf(":");
  if (colon === -1) throw new InvalidArgumentError("A header is 'Name: value', or 'Name:' to send none.");
  const name = headerName(text.slice(0, colon));
  const value = text.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
  if (ownFields.has(name.toLowerCase())) {
    throw new InvalidArgumentError(`${name} follows from what is sent and cannot be set.`);
  }
  if (!isFieldValue(value)) {
    throw new InvalidArgumentError("A header's value has no line breaks and no characters beyond Latin-1.");
  }
  return [...(earlier ?? []), { name, value: value === "" ? null : value }];
}

/** Names of headers to compare, lower case; the option may be given several times, or with commas. */
export function comparedHeaders(text: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), ...text.split(",").map((name) => headerName(name).toLowerCase())];
}
