/** What the owner of a `ByteSocket` is told. Calls come one at a time, none after `closed`. */
export interface ByteSocketHandler {
  /**
   * Bytes arrived. They are a view of the read buffer, valid during the call alone.
   */
  data(bytes: Uint8Array): void;
  /** The write queue fell to the low-water mark after it had been above the high-water mark. */
  drained(): void;
  /** The peer will send no more (a FIN). Writing may go on. */
  ended(): void;
  /** The socket is closed. `error` is `null` when this end closed it or nothing went wrong. */
  closed(error: Error | null): void;
}
