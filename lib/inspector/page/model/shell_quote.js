import { printable } from "./format.js";

/** What needs no quotes in any shell. */
const plain = /^[A-Za-z0-9_/:.,@%+-]+$/;

/**
 * One word of a POSIX shell that stands for exactly `text`. What is not printable ASCII is written as octal escapes:
 * pasted into a terminal, raw control characters would act there, and a byte above 127 would become two.
 *
 * @param {string} text of bytes: each character is one, as in a head of HTTP/1.1; without NUL and line feed
 * @returns {string}
 */
export function shellWord(text) {
  if (plain.test(text)) return text;
  if (/^[\x20-\x7e]*$/.test(text)) return singleQuoted(text);
  return `"$(printf ${printfFormat(bytesOf(text))})"`;
}

/**
 * Whether a text may stand in a command line as it is, in quotes: no character of it acts on a terminal, and none
 * makes the line look like another.
 *
 * @param {string} text
 * @returns {boolean}
 */
export function isPasteable(text) {
  return text.split("\n").every((line) => printable(line) === line);
}

/**
 * In single quotes everything stands for itself.
 *
 * @param {string} text
 * @returns {string}
 */
export function singleQuoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * A format, in quotes, that makes `printf` write exactly these bytes.
 *
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function printfFormat(bytes) {
  let format = "";
  for (let i = 0; i < bytes.length; i++) {
    const character = String.fromCharCode(bytes[i]);
    // A dash in front would be taken for an option.
    format += /[A-Za-z0-9 _/:.,=&?{}[\]"<>;+-]/.test(character) && !(i === 0 && character === "-")
      ? character
      : `\\${bytes[i].toString(8).padStart(3, "0")}`;
  }
  return `'${format}'`;
}

/** @param {string} text */
function bytesOf(text) {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
