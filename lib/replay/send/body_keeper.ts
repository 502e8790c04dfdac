import { type ByteStore, type CapturedBody, emptyBody } from "../../capture/mod.ts";

/** Reads smaller than this are gathered before they are kept, bytes. */
const gatherBytes = 16 * 1024;

/** Puts an answer's body into a store as it comes. */
export class BodyKeeper {
  readonly body: CapturedBody = emptyBody();
  readonly #store: ByteStore;
  /** Made when there is a small read: many answers are one. */
  #gathered: Uint8Array | null = null;
  #gatheredBytes = 0;

  constructor(store: ByteStore) {
    this.#store = store;
  }

  /** @param bytes are copied */
  add(bytes: Uint8Array): void {
    this.body.length += bytes.length;
    if (this.#gatheredBytes + bytes.length > gatherBytes) this.flush();
    if (bytes.length > gatherBytes) return this.#keep(bytes);
    this.#gathered ??= new Uint8Array(gatherBytes);
    this.#gathered.set(bytes, this.#gatheredBytes);
    this.#gatheredBytes += bytes.length;
  }

  /** What was added so far is in `body`. */
  flush(): void {
    if (this.#gathered === null || this.#gatheredBytes === 0) return;
    this.#keep(this.#gathered.subarray(0, this.#gatheredBytes));
    this.#gatheredBytes = 0;
  }

  #keep(bytes: Uint8Array): void {
    this.body.parts.push({ timeUs: 0, bytes: this.#store.keep(bytes, 0) });
  }
}
