import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

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
