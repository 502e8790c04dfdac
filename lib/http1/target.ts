import { consistsOf, hostCharacter, isDigit } from "./characters.ts";

/** Longest port number, digits. */
const maxPortDigits = 5;

/**
 * What is wrong with a request target (RFC 9112, 3.2) whose characters are known to be good, or `null`: origin-form
 * and absolute-form, an http or https URL, for any method but CONNECT, `*` for OPTIONS alone, and authority-form for
 * CONNECT alone.
 */
export function targetProblem(method: string, target: string): string | null {
  if (method === "CONNECT") {
    return isAuthority(target) && /:\d+$/.test(target)
      ? null
      : "the target of CONNECT must be a host and a port";
  }
  if (target.charCodeAt(0) === 0x2f) return null;
  if (target === "*") return method === "OPTIONS" ? null : "only OPTIONS may have the target *";
  const match = /^https?:\/\/([^/?]*)/i.exec(target);
  if (match === null) return "the request target must begin with / or be an absolute http URL";
  return isAuthority(match[1])
    ? null
    : "the authority in the request target is not a host and an optional port";
}

/**
 * Whether `text` is a host, not empty, with an optional port (RFC 3986, 3.2): what a Host field must be. There is no
 * room for user information, which `http` URLs must not carry (RFC 9110, 4.2.4).
 */
export function isAuthority(text: string): boolean {
  let hostEnd = 0;
  if (text.charCodeAt(0) === 0x5b) {
    hostEnd = text.indexOf("]") + 1;
    if (hostEnd < 4 || !/^[0-9A-Fa-f:.]+$/.test(text.slice(1, hostEnd - 1))) return false;
  } else {
    hostEnd = text.indexOf(":");
    if (hostEnd === -1) hostEnd = text.length;
    if (hostEnd === 0 || !consistsOf(text, hostCharacter, 0, hostEnd)) return false;
  }
  return hostEnd === text.length || isPort(text, hostEnd);
}

/** Whether a colon and nothing but a port, which may be empty, are at `at`. */
function isPort(text: string, at: number): boolean {
  if (text.charCodeAt(at) !== 0x3a || text.length - at - 1 > maxPortDigits) return false;
  for (let i = at + 1; i < text.length; i++) {
    if (!isDigit(text.charCodeAt(i))) return false;
  }
  return true;
}
