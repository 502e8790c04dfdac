const utf8 = new TextEncoder();

export function ascii(text: string): Uint8Array {
  return utf8.encode(text);
}

/** Bytes from hexadecimal digits, white space between them ignored. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.fromHex(digits.replaceAll(/\s/g, ""));
}

export function concat(...pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((total, piece) => total + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}

/** Bytes of which no two neighbouring runs of 4, 125 or 64 KiB are alike, so that a misplaced one shows. */
export function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 7 + (i >>> 8) * 13 + (i >>> 16) * 29) & 0xff;
  return bytes;
}
