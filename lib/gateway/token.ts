import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { headerValue, type RawHeaders } from "../http1/mod.ts";

/** A new token: 32 random bytes, base64url. */
export function makeToken(): string {
  return randomBytes(32).toString("base64url");
}

/**
 * Whether `given` is `expected`, in a time that does not depend on where they differ nor on how long
 * `expected` is: both are hashed first.
 */
export function sameToken(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text, "utf8").digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** The token of an `Authorization: Bearer …` field (RFC 6750, 2.1), or `null`. */
export function bearerToken(headers: RawHeaders): string | null {
  const match = /^bearer +([^\s]+) *$/i.exec(headerValue(headers, "authorization") ?? "");
  return match === null ? null : match[1];
}
