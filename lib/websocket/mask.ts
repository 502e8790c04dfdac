/** Below this length, making a word view costs more than it saves (measured: they meet near 250 bytes). */
const minWordwiseBytes = 256;

/** A draw of random bytes has a fixed cost; 1024 keys share one. */
const poolBytes = 4096;

let pool = new Uint8Array(0);
let poolUsed = 0;

const wordBytes = new Uint8Array(4);
const word = new Int32Array(wordBytes.buffer);

/**
 * Four unpredictable bytes for one frame (RFC 6455, 5.3). The bytes stay as they are for as long as the
 * caller keeps them, but keep 4 KiB of neighbours alive: use a key and let it go.
 */
export function nextMaskKey(): Uint8Array {
  if (poolUsed === pool.length) {
    // A fresh pool, for keys handed out before may still be in use.
    pool = crypto.getRandomValues(new Uint8Array(poolBytes));
    poolUsed = 0;
  }
  poolUsed += 4;
  return pool.subarray(poolUsed - 4, poolUsed);
}

/**
 * Masks, or unmasks, `bytes` from offset `from` up to `to` (RFC 6455, 5.3).
 *
 * @param key 4 bytes
 * @param keyPhase how far into the frame's payload `from` is, bytes; only its value modulo 4 matters
 */
export function maskInPlace(
  bytes: Uint8Array,
  from: number,
  to: number,
  key: Uint8Array,
  keyPhase = 0,
): void {
  if (to - from < minWordwiseBytes) return maskBytewise(bytes, from, bytes, from, to - from, key, keyPhase);
  // A word view must begin at a multiple of 4 in the underlying buffer.
  const lead = -(bytes.byteOffset + from) & 3;
  const wordsFrom = from + lead;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + wordsFrom, (to - wordsFrom) >> 2);
  const tailFrom = wordsFrom + words.length * 4;
  const wordPhase = keyPhase + lead;
  maskBytewise(bytes, from, bytes, from, lead, key, keyPhase);
  maskWords(words, keyWord(key, wordPhase));
  maskBytewise(bytes, tailFrom, bytes, tailFrom, to - tailFrom, key, wordPhase);
}

/**
 * Copies `source` from `sourceFrom` up to `sourceTo` to `targetOffset` in `target`, masked or unmasked on the
 * way (RFC 6455, 5.3). The two ranges must not overlap.
 *
 * @param key 4 bytes
 * @param keyPhase how far into the frame's payload `sourceFrom` is, bytes; only its value modulo 4 matters
 */
export function copyMasked(
  source: Uint8Array,
  sourceFrom: number,
  sourceTo: number,
  target: Uint8Array,
  targetOffset: number,
  key: Uint8Array,
  keyPhase: number,
): void {
  const length = sourceTo - sourceFrom;
  if (length < minWordwiseBytes) {
    return maskBytewise(source, sourceFrom, target, targetOffset, length, key, keyPhase);
  }
  // Source and target are seldom aligned alike: a plain copy and words in place beat bytes in one pass.
  target.set(source.subarray(sourceFrom, sourceTo), targetOffset);
  maskInPlace(target, targetOffset, targetOffset + length, key, keyPhase);
}

function maskBytewise(
  source: Uint8Array,
  sourceFrom: number,
  target: Uint8Array,
  targetFrom: number,
  length: number,
  key: Uint8Array,
  keyPhase: number,
): void {
  const key0 = key[keyPhase & 3];
  const key1 = key[(keyPhase + 1) & 3];
  const key2 = key[(keyPhase + 2) & 3];
  const key3 = key[(keyPhase + 3) & 3];
  const inQuads = length & ~3;
  for (let i = 0; i < inQuads; i += 4) {
    target[targetFrom + i] = source[sourceFrom + i] ^ key0;
    target[targetFrom + i + 1] = source[sourceFrom + i + 1] ^ key1;
    target[targetFrom + i + 2] = source[sourceFrom + i + 2] ^ key2;
    target[targetFrom + i + 3] = source[sourceFrom + i + 3] ^ key3;
  }
  for (let i = inQuads; i < length; i++) {
    target[targetFrom + i] = source[sourceFrom + i] ^ key[(keyPhase + i) & 3];
  }
}

function maskWords(words: Int32Array, mask: number): void {
  const inEights = words.length & ~7;
  for (let i = 0; i < inEights; i += 8) {
    words[i] ^= mask;
    words[i + 1] ^= mask;
    words[i + 2] ^= mask;
    words[i + 3] ^= mask;
    words[i + 4] ^= mask;
    words[i + 5] ^= mask;
    words[i + 6] ^= mask;
    words[i + 7] ^= mask;
  }
  for (let i = inEights; i < words.length; i++) words[i] ^= mask;
}

/** The key as a word of this machine's byte order, beginning at `phase`. */
function keyWord(key: Uint8Array, phase: number): number {
  wordBytes[0] = key[phase & 3];
  wordBytes[1] = key[(phase + 1) & 3];
  wordBytes[2] = key[(phase + 2) & 3];
  wordBytes[3] = key[(phase + 3) & 3];
  return word[0];
}
