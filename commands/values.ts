import { InvalidArgumentError } from "commander";

/** Longest duration that is accepted: what a timer can wait for, 2^31 - 1 ms. */
const maxDurationMs = 2 ** 31 - 1;
const msPerUnit: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const bytesPerUnit: Record<string, number> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** Milliseconds of a duration such as `250ms`, `3s`, `1.5m` or `2h`. */
export function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim());
  if (match === null) {
    throw new InvalidArgumentError(
      "A duration is a number and a unit (ms, s, m, h), such as 250ms, 3s or 1m.",
    );
  }
  const ms = Math.round(Number(match[1]) * msPerUnit[match[2]]);
  if (ms > maxDurationMs) throw new InvalidArgumentError("A duration is at most 596h.");
  return ms;
}

/** A duration above zero. */
export function positiveDuration(text: string): number {
  const ms = duration(text);
  if (ms === 0) throw new InvalidArgumentError("It must be longer than 0, such as 250ms, 3s or 1m.");
  return ms;
}

/** Bytes of a size such as `64KiB`, `16MiB` or `1GiB`. */
export function size(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB)?$/.exec(text.trim());
  const bytes = match === null ? NaN : Math.round(Number(match[1]) * bytesPerUnit[match[2] ?? "B"]);
  if (!Number.isSafeInteger(bytes)) {
    throw new InvalidArgumentError(
      "A size is a number and a unit (B, KiB, MiB, GiB), such as 64KiB or 16MiB.",
    );
  }
  return bytes;
}

/** A size above zero. */
export function positiveSize(text: string): number {
  const bytes = size(text);
  if (bytes === 0) throw new InvalidArgumentError("It must be larger than 0, such as 64KiB or 16MiB.");
  return bytes;
}

/** A port, 0 (any free one) to 65535. */
export function port(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(value <= 65_535)) {
    throw new InvalidArgumentError("A port is a whole number from 0 (any free port) to 65535.");
  }
  return value;
}

/** A gateway's URL; `http:` and `https:` are taken for `ws:` and `wss:`. */
export function gatewayUrl(text: string): URL {
  const url = parseUrl(text);
  if (url?.protocol === "http:") url.protocol = "ws:";
  if (url?.protocol === "https:") url.protocol = "wss:";
  if (
    url === null || (url.protocol !== "ws:" && url.protocol !== "wss:") || url.hostname === "" || hasUser(url)
  ) {
    throw new InvalidArgumentError("A gateway URL is ws://HOST:PORT or wss://HOST:PORT, without user name.");
  }
  return url;
}

/** An origin's URL. */
export function targetUrl(text: string): URL {
  const url = parseUrl(text);
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  if (
    url === null || !isHttp || url.hostname === "" || hasUser(url) || url.search !== "" || url.hash !== ""
  ) {
    throw new InvalidArgumentError(
      "A target is http://HOST:PORT or https://HOST:PORT, with a path if need be, without user name or query.",
    );
  }
  return url;
}

/** A domain name such as `tunnel.example.com`. */
export function domain(text: string): string {
  const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
  const name = text.toLowerCase();
  if (!new RegExp(`^${label}(?:\\.${label})*$`).test(name)) {
    throw new InvalidArgumentError(
      "A domain is labels of letters, digits and hyphens, such as tunnel.example.com.",
    );
  }
  return name;
}

/** A token: printable ASCII without spaces, so that it can stand in a header. */
export function token(text: string): string {
  if (!/^[\x21-\x7e]{1,1024}$/.test(text)) {
    throw new InvalidArgumentError("A token is 1 to 1024 printable ASCII characters without spaces.");
  }
  return text;
}

/** How many requests to remember, 0 to 10000. */
export function requestCount(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(value <= 10_000)) {
    throw new InvalidArgumentError("A number of requests is a whole number from 0 to 10000.");
  }
  return value;
}

/** How many files to keep, 1 to 1000. */
export function fileCount(text: string): number {
  const value = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  if (!(value >= 1 && value <= 1000)) {
    throw new InvalidArgumentError("A number of files is a whole number from 1 to 1000.");
  }
  return value;
}

/** A header's name, as RFC 9110, section 5.6.2 has it. */
export function headerName(text: string): string {
  const name = text.trim();
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
    throw new InvalidArgumentError("A name is that of a header or query parameter, such as x-api-key.");
  }
  return name;
}

function parseUrl(text: string): URL | null {
  return URL.parse(text);
}

function hasUser(url: URL): boolean {
  return url.username !== "" || url.password !== "";
}
