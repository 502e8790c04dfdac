/** More than this no read brings, bytes. */
export const maxReadBytes = 256 * 1024;

/** What a {@link SocketIo} tells whom it works for. Calls come one at a time, none after {@link SocketIo.close}. */
export interface SocketIoOwner {
  /** Most bytes of one read, 1 to {@link maxReadBytes}. */
  readonly largestReadBytes: number;
  /**
   * Whether a reset is told, as a read that failed, also while no read is asked for, and what came before it is dropped: the peer is
   * gone, and nobody knows when there will be room to read on. Where that cannot be noticed, nothing is told.
   */
  readonly endsOnReset: boolean;
  /** What was read, valid during the call alone, or `null`: the peer will send no more. The next read is asked for. */
  readDone(bytes: Uint8Array | null): void;
  readFailed(error: unknown): void;
  /** The kernel has taken `count` bytes more of what was being written. */
  wrote(count: number): void;
  /** The peer takes nothing more. Never told from within {@link SocketIo.write}. */
  writeFailed(error: unknown): void;
}

/** How bytes get from and to the kernel: one read and one write at a time. */
export interface SocketIo {
  /** Asks for one read. */
  read(): void;
  /**
   * Writes the first `count` of `bytes`, which stay as they are until then.
   *
   * @returns how many the kernel has taken at once; of all others {@link SocketIoOwner.wrote} tells
   */
  write(bytes: Uint8Array, count: number): number;
  /** Sends a FIN. @throws when the connection is gone */
  closeWrite(): Promise<void>;
  close(): void;
}
