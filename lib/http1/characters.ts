/** Bits of {@link characterClasses}. */
export const tokenCharacter = 1;
export const valueCharacter = 2;
export const targetCharacter = 4;
export const hostCharacter = 8;

/**
 * For each byte the sets it is in. One look-up a byte is what makes parsing cheap.
 *
 * - token: `tchar` (RFC 9110, 5.6.2)
 * - value: what a field value, a reason phrase or a chunk extension may have (RFC 9110, 5.5): visible ASCII, space,
 *   tab and bytes from 0x80 on; no other control character, so no CR, LF or NUL
 * - target: visible ASCII but `#`, which would begin a fragment (RFC 9112, 3.2), and bytes from 0x80 on, which
 *   RFC 3986 would have escaped but clients do send
 * - host: `reg-name` (RFC 3986, 3.2.2) but the comma, with which a joined pair of Host fields would look like one
 */
export const characterClasses: Uint8Array = classes();

function classes(): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const character = String.fromCharCode(byte);
    if (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(character)) table[byte] |= tokenCharacter;
    if (/[\t\x20-\x7e\x80-\xff]/.test(character)) table[byte] |= valueCharacter;
    if (/[!"$-\x7e\x80-\xff]/.test(character)) table[byte] |= targetCharacter;
    if (/[-._~%!$&'()*+;=0-9A-Za-z]/.test(character)) table[byte] |= hostCharacter;
  }
  return table;
}

/** Whether `text` can be a method or a field name: one or more `tchar` (RFC 9110, 5.6.2). */
export function isToken(text: string): boolean {
  return text.length > 0 && consistsOf(text, tokenCharacter);
}

/** Whether `text` can be a field value: no control characters but tab, nothing that is not a byte. */
export function isFieldValue(text: string): boolean {
  return consistsOf(text, valueCharacter);
}

/** Whether `text` can stand as the target in a request line; says nothing of its form. */
export function isTarget(text: string): boolean {
  return text.length > 0 && consistsOf(text, targetCharacter);
}

/** Whether all of `text` from `from` to `to` is in the set whose bit is `characterClass`. */
export function consistsOf(text: string, characterClass: number, from = 0, to = text.length): boolean {
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff || (characterClasses[code] & characterClass) === 0) return false;
  }
  return true;
}

/** Optional white space, OWS (RFC 9110, 5.6.3): space and tab, nothing else. */
export function isOptionalSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
