import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** Every server appends it to the client's key (RFC 6455, 1.3). */
const acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Base64 of 16 bytes. */
const keyPattern = /^[A-Za-z0-9+/]{22}==$/;

/** A client's Sec-WebSocket-Key: 16 random bytes, base64 (RFC 6455, 4.1). */
export function newHandshakeKey(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64");
}

/** The Sec-WebSocket-Accept that answers `key` (RFC 6455, 4.2.2). */
export function acceptKey(key: string): string {
  return createHash("sha1").update(key + acceptSuffix).digest("base64");
}

/**
 * Whether a request asks for a WebSocket at all, well or badly: a GET whose Upgrade names `websocket`. In HTTP/1.0, or where
 * Connection does not name it, an Upgrade field is to be ignored (RFC 9110, 7.8): somebody on the way does not know of it.
 * {@link upgradeRequestProblem} says whether it may have one.
 *
 * @param headers flat: name, value, name, value
 */
export function isUpgradeRequest(
  { method, minorVersion, headers }: { method: string; minorVersion: 0 | 1; headers: readonly string[] },
): boolean {
  return method === "GET" && minorVersion === 1 && hasToken(headers, "upgrade", "websocket") &&
    hasToken(headers, "connection", "upgrade");
}

/**
 * Null when the request is a proper opening handshake (RFC 6455, 4.2.1), else a sentence that says what is
 * wrong with it. Host, Origin and subprotocols are not looked at.
 *
 * @param minorVersion of HTTP/1
 * @param headers flat: name, value, name, value
 */
export function upgradeRequestProblem(
  method: string,
  minorVersion: 0 | 1,
  headers: readonly string[],
): string | null {
  if (method !== "GET") return `A WebSocket is opened with GET, not ${method}.`;
  if (minorVersion < 1) return `A WebSocket is opened over HTTP/1.1, not HTTP/1.${minorVersion}.`;
  if (!hasToken(headers, "upgrade", "websocket")) return "The Upgrade header does not name websocket.";
  if (!hasToken(headers, "connection", "upgrade")) return "The Connection header does not name upgrade.";
  const versions = valuesOf(headers, "sec-websocket-version");
  if (versions.length !== 1) {
    return `There must be one Sec-WebSocket-Version header, there are ${versions.length}.`;
  }
  if (versions[0] !== "13") return `Sec-WebSocket-Version must be 13, it is "${versions[0]}".`;
  const keys = valuesOf(headers, "sec-websocket-key");
  if (keys.length !== 1) return `There must be one Sec-WebSocket-Key header, there are ${keys.length}.`;
  if (!keyPattern.test(keys[0])) return "Sec-WebSocket-Key is not 16 bytes of base64.";
  return null;
}

/** Whether a comma-separated header, once or repeated, has `token` in any case (RFC 9110, 5.6.1). */
function hasToken(headers: readonly string[], name: string, token: string): boolean {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (!isNamed(headers[i], name)) continue;
    if (headers[i + 1].toLowerCase().split(",").some((item) => trim(item) === token)) return true;
  }
  return false;
}

function valuesOf(headers: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (isNamed(headers[i], name)) values.push(trim(headers[i + 1]));
  }
  return values;
}

/** The length is compared first: it settles nearly every header without a new string. */
function isNamed(name: string, expected: string): boolean {
  return name.length === expected.length && name.toLowerCase() === expected;
}

/** Takes off HTTP's optional white space, which is spaces and tabs only (RFC 9110, 5.6.3). */
function trim(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isSpace(value.charCodeAt(start))) start++;
  while (end > start && isSpace(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

function isSpace(charCode: number): boolean {
  return charCode === 0x20 || charCode === 0x09;
}

/** The fields by which a client asks for a WebSocket (RFC 6455, 4.1). @param key base64 of 16 random bytes */
export function upgradeRequestFields(key: string): string[] {
  return [
    ...["Connection", "Upgrade", "Upgrade", "websocket"],
    ...["Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", key],
  ];
}
