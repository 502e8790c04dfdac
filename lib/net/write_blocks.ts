/**
 * Where small writes are gathered, so that those of one turn become one system call and none of them an allocation. Blocks
 * belong to all sockets: an idle one holds none.
 */
export type WriteBlock = Uint8Array<ArrayBuffer>;

/** Most that one block holds, bytes. */
export const largestBlockBytes = 32 * 1024;

/** Most of what is written in a turn to one socket fits into this. */
const smallBlockBytes = 4 * 1024;

/** Blocks nobody uses now, and how many of them are kept at most: 2 MiB of each size. */
const smallBlocks: WriteBlock[] = [];
const largeBlocks: WriteBlock[] = [];
const maxSmallBlocks = 512;
const maxLargeBlocks = 64;

/** @param count of {@link largestBlockBytes} at most */
export function takeBlock(count: number): WriteBlock {
  const isSmall = count <= smallBlockBytes;
  return (isSmall ? smallBlocks : largeBlocks).pop() ??
    new Uint8Array(isSmall ? smallBlockBytes : largestBlockBytes);
}

export function giveBackBlock(block: WriteBlock): void {
  const isSmall = block.length === smallBlockBytes;
  const free = isSmall ? smallBlocks : largeBlocks;
  if (free.length < (isSmall ? maxSmallBlocks : maxLargeBlocks)) free.push(block);
}

/** A block of at least `count` bytes with the first `used` of `block`, which is given back. */
export function largerBlock(block: WriteBlock, used: number, count: number): WriteBlock {
  const larger = takeBlock(count);
  larger.set(block.subarray(0, used));
  giveBackBlock(block);
  return larger;
}
