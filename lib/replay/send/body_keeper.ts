import { Buffer } from "node:buffer";
import { type ByteStore, type CapturedBody, emptyBody } from "../../capture/mod.ts";

/** Small reads are gathered up to this size before they are kept, bytes. */
const gatherBytes = 64 * 1024;

/** Puts an answer's body into a store as it comes. */
export class BodyKeeper {
  readonly body: CapturedBody = emptyBody();
  readonly #store: ByteStore;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;

  constructor(store: ByteStore) {
    this.#store = store;
  }

  /** @param bytes are copied */
  add(bytes: Uint8Array): void {
    this.body.length += bytes.length;
    this.#gathered.push(bytes.slice());
    this.#gatheredBytes += bytes.length;
    if (this.#gatheredBytes >= gatherBytes) this.flush();
  }

  /** What was added so far is in `body`. */
  flush(): void {
    if (this.#gatheredBytes === 0) return;
    this.body.parts.push({ timeUs: 0, bytes: this.#store.keep(Buffer.concat(this.#gathered), 0) });
    this.#gathered = [];
    this.#gatheredBytes = 0;
  }
}
