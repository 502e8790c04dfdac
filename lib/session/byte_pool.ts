/** Sizes that are pooled are powers of two from the smallest to the largest, bytes. */
const smallestBytes = 2 * 1024;
const largestBytes = 256 * 1024;

/** Kept of each size while nobody uses it, bytes. */
const maxFreeBytes = 4 * 1024 * 1024;

/**
 * Buffers that are used again. Large ones that are made and dropped for everything that goes by, a hundred for each
 * 10 MiB, bring V8 to collect its whole heap again and again, and the kernel to clear as many pages.
 *
 * A buffer that is not given back is lost to the pool and no harm: it is collected like any other.
 */
export class BytePool {
  /** By size: 2 KiB, 4 KiB, … */
  readonly #free: ArrayBuffer[][] = [];
  /** For tests: what was given back is overwritten, and giving back twice is an error. */
  #strict = false;

  constructor() {
    for (let size = smallestBytes; size <= largestBytes; size *= 2) this.#free.push([]);
  }

  /** Makes every use of a buffer after it was given back show. For tests. */
  beStrict(): void {
    this.#strict = true;
  }

  /** Room for `count` bytes, whose contents are not defined. Of 2^18 bytes at most it comes from the pool. */
  take(count: number): Uint8Array<ArrayBuffer> {
    if (count > largestBytes) return new Uint8Array(count);
    const index = sizeIndex(count);
    const buffer = this.#free[index].pop() ?? new ArrayBuffer(smallestBytes << index);
    return new Uint8Array(buffer, 0, count);
  }

  /** A copy of `bytes` in a buffer of the pool's. */
  copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const copy = this.take(bytes.length);
    copy.set(bytes);
    return copy;
  }

  /** @param bytes from {@link take} or {@link copy}, and nobody looks at them any more */
  giveBack(bytes: Uint8Array): void {
    const buffer = bytes.buffer as ArrayBuffer;
    const size = buffer.byteLength;
    if (size > largestBytes) return;
    // One that is not the pool's may be too small for whoever takes it next.
    if (size < smallestBytes || (size & (size - 1)) !== 0) {
      if (this.#strict) throw new TypeError("a buffer was given back that is not the pool's");
      return;
    }
    const free = this.#free[sizeIndex(size)];
    if (this.#strict) {
      if (free.includes(buffer)) throw new TypeError("a buffer was given back twice");
      bytes.fill(0xee);
    }
    if ((free.length + 1) * size <= maxFreeBytes) free.push(buffer);
  }
}

/** The pool of this process. */
export const bytePool = new BytePool();

/** Which size holds `count` bytes: 0 for up to 2 KiB, 1 for up to 4 KiB, … */
function sizeIndex(count: number): number {
  return count <= smallestBytes ? 0 : 32 - Math.clz32((count - 1) >> 11);
}
