import fc from "fast-check";
import type { RawHeaders } from "../../../lib/http1/mod.ts";

const tokenCharacters = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const valueCharacters = range(0x20, 0x7e) + "\t" + range(0x80, 0xff);
const targetCharacters = (range(0x21, 0x7e) + range(0x80, 0xff)).replace("#", "");
const anyCharacters = range(0, 0xff);

export const token = string(tokenCharacters, 1, 20);

/** Values have no outer white space: that is not part of them. */
export const value = fc.oneof(
  string(valueCharacters, 0, 40).map((text) => text.replace(/^[ \t]+|[ \t]+$/g, "")),
  string(valueCharacters, 0, 3).map((text) => text.replace(/^[ \t]+|[ \t]+$/g, "")),
);

export const target = string(targetCharacters, 0, 40).map((rest) => `/${rest}`);

/** Names that mean something to framing or to one connection alone are left to the tests that are about them. */
const meaningful = new Set(["host", "content-length", "transfer-encoding"]);

export const fields: fc.Arbitrary<RawHeaders> = fc.array(
  fc.tuple(token.filter((name) => !meaningful.has(name.toLowerCase())), value),
  { maxLength: 12 },
).map((pairs) => pairs.flat());

export const body = string(anyCharacters, 0, 300);

/** Sizes of pieces, used round and round. */
export const pieceSizes = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 200 })),
  {
    minLength: 1,
    maxLength: 8,
  },
);

/** A chunked body, spelled as variously as RFC 9112 lets a sender spell it, with extensions of the given ones. */
export function chunkedBodyWith(extensions: readonly string[]): fc.Arbitrary<{ wire: string; body: string }> {
  const extension = fc.constantFrom(...extensions);
  const chunk = fc.record({
    data: string(anyCharacters, 1, 60),
    upper: fc.boolean(),
    zeros: fc.nat(3),
    extension,
  });
  return fc.tuple(fc.array(chunk, { maxLength: 6 }), extension).map(([chunks, lastExtension]) => {
    let wire = "";
    for (const { data, upper, zeros, extension } of chunks) {
      const size = data.length.toString(16);
      wire += "0".repeat(zeros) + (upper ? size.toUpperCase() : size) + extension + `\r\n${data}\r\n`;
    }
    return { wire: `${wire}0${lastExtension}\r\n`, body: chunks.map((chunk) => chunk.data).join("") };
  });
}

export const plainExtensions = ["", "", ";a", ";a=b", ';a="x;,y"'];

export const chunkedBody = chunkedBodyWith([...plainExtensions, ' ; a="x;,y"', ";\t"]);

/** `bytes` cut into pieces of `sizes`. */
export function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length];
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

function string(characters: string, minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });
}

function range(from: number, to: number): string {
  let text = "";
  for (let code = from; code <= to; code++) text += String.fromCharCode(code);
  return text;
}
