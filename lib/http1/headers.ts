import { isOptionalSpace } from "./characters.ts";

/** Header fields, flat: name, value, name, value; in the order, number and case received. Values have no outer white space. */
export type RawHeaders = readonly string[];

/** Whether a field name is `lower`, which is given in lower case. */
export function isNamed(name: string, lower: string): boolean {
  return name.length === lower.length && (name === lower || matchesAt(name, 0, lower));
}

/**
 * The first value of a field, or `undefined`.
 *
 * @param lower the field's name in lower case
 */
export function headerValue(headers: readonly string[], lower: string): string | undefined {
  const length = lower.length;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i].length === length && isNamed(headers[i], lower)) return headers[i + 1];
  }
  return undefined;
}

/**
 * All values of a field in order.
 *
 * @param lower the field's name in lower case
 */
export function headerValues(headers: readonly string[], lower: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (isNamed(headers[i], lower)) values.push(headers[i + 1]);
  }
  return values;
}

/**
 * Whether a comma-separated field, on one line or several (RFC 9110, 5.6.1), has an element that is `token` in any
 * case. An element with parameters is not the bare token.
 *
 * @param lower the field's name in lower case
 * @param token in lower case
 */
export function hasToken(headers: readonly string[], lower: string, token: string): boolean {
  const length = lower.length;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i].length === length && isNamed(headers[i], lower) && listHas(headers[i + 1], token)) {
      return true;
    }
  }
  return false;
}

/** The elements of a comma-separated value without outer white space; empty ones are left out (RFC 9110, 5.6.1.2). */
export function listElements(value: string): string[] {
  const elements: string[] = [];
  let at = 0;
  while (at < value.length) {
    let end = value.indexOf(",", at);
    if (end === -1) end = value.length;
    const start = skipSpace(value, at, end);
    const last = trimEnd(value, start, end);
    if (last > start) elements.push(value.slice(start, last));
    at = end + 1;
  }
  return elements;
}

function listHas(value: string, token: string): boolean {
  if (value.length < token.length) return false;
  if (value.length === token.length) return matchesAt(value, 0, token);
  let at = 0;
  while (at < value.length) {
    let end = value.indexOf(",", at);
    if (end === -1) end = value.length;
    const start = skipSpace(value, at, end);
    if (trimEnd(value, start, end) - start === token.length && matchesAt(value, start, token)) return true;
    at = end + 1;
  }
  return false;
}

/** Whether `lower`, which has no upper-case letters, stands in `text` at `at` in any case. */
function matchesAt(text: string, at: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) {
    const code = text.charCodeAt(at + i);
    const folded = code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
    if (folded !== lower.charCodeAt(i)) return false;
  }
  return true;
}

function skipSpace(value: string, from: number, to: number): number {
  while (from < to && isOptionalSpace(value.charCodeAt(from))) from++;
  return from;
}

function trimEnd(value: string, from: number, to: number): number {
  while (to > from && isOptionalSpace(value.charCodeAt(to - 1))) to--;
  return to;
}
